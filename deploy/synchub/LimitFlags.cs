using System.CommandLine;
using Grpc.Standard;

namespace SyncHub.Cli;

/// <summary>The flags for what the doors of a process bear (docs/operations.md, Limits). Checked where the process starts, with all its other options.</summary>
internal sealed class LimitFlags
{
    private readonly GrpcLimits _defaults;
    private readonly Option<int> _message;
    private readonly Option<int> _reply;
    private readonly Option<int> _streams;
    private readonly Option<int> _header;
    private readonly Option<int> _idle;
    private readonly Option<int> _ping;
    private readonly Option<int> _pingTimeout;
    private readonly Option<int> _request;
    private readonly Option<int> _slowBody;

    /// <summary>With a process's own defaults.</summary>
    public LimitFlags(GrpcLimits defaults)
    {
        _defaults = defaults;
        _message = Flag("--max-message-kib", "The largest message that the gRPC door takes, KiB.", limits => limits.MaxMessageKib);
        _reply = Flag("--max-reply-kib", "The largest message that it sends, KiB.", limits => limits.MaxReplyKib);
        _streams = Flag("--max-streams", "Calls under way on one connection.", limits => limits.MaxStreams);
        _header = Flag("--max-header-kib", "All headers of a request, KiB; for JSON too.", limits => limits.MaxHeaderKib);
        _idle = Flag("--idle-seconds", "A connection without a call is closed after this; for JSON too.", limits => limits.IdleSeconds);
        _ping = Flag("--ping-seconds", "A silent connection is pinged after this; 0 = never.", limits => limits.PingSeconds);
        _pingTimeout = Flag("--ping-timeout-seconds", "Without an answer to a ping it is closed after this.", limits => limits.PingTimeoutSeconds);
        _request = Flag("--request-seconds", "A TLS handshake, or the headers of a request, may take so long; for JSON too.", limits => limits.RequestSeconds);
        _slowBody = Flag("--slow-body-seconds", "A body that is slower than 240 bytes a second may be so for so long; for JSON too.", limits => limits.SlowBodySeconds);
    }

    /// <summary>Gives a command the flags.</summary>
    public void AddTo(Command command)
    {
        foreach (var flag in new[] { _message, _reply, _streams, _header, _idle, _ping, _pingTimeout, _request, _slowBody })
        {
            command.Add(flag);
        }
    }

    /// <summary>What was asked for.</summary>
    public GrpcLimits Of(ParseResult arguments) => _defaults with
    {
        MaxMessageKib = arguments.GetValue(_message),
        MaxReplyKib = arguments.GetValue(_reply),
        MaxStreams = arguments.GetValue(_streams),
        MaxHeaderKib = arguments.GetValue(_header),
        IdleSeconds = arguments.GetValue(_idle),
        PingSeconds = arguments.GetValue(_ping),
        PingTimeoutSeconds = arguments.GetValue(_pingTimeout),
        RequestSeconds = arguments.GetValue(_request),
        SlowBodySeconds = arguments.GetValue(_slowBody),
    };

    private Option<int> Flag(string name, string description, Func<GrpcLimits, int> value) =>
        new(name) { Description = description, DefaultValueFactory = _ => value(_defaults) };
}
