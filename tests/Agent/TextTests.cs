using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging.Abstractions;
using SyncHub.Agent.Hosting;
using SyncHub.Core.Primitives;
using SyncHub.Testing;

namespace SyncHub.Agent.Tests;

/// <summary>Texts at the tills' door are data: whatever they look like, in whatever field of whatever method, they do no more than being stored.</summary>
public sealed class TextTests : IAsyncLifetime
{
    private static readonly Marshaller<byte[]> Verbatim = Marshallers.Create(static bytes => bytes, static bytes => bytes);

    private readonly TempFolder _folder = new();
    private AgentHost _agent = null!;
    private GrpcChannel _channel = null!;
    private V1.Till.TillClient _till = null!;

    /// <summary>What programs have been broken with: SQL, paths, markup, templates, shells, format strings.</summary>
    public static TheoryData<string> Injections =>
    [
        "'; DROP TABLE document; --", "\" OR 1=1 --", "../../../../etc/passwd", "..\\..\\windows\\win.ini", "<script>alert(1)</script>", "${jndi:ldap://x/a}", "{0}{User}{@x}",
        "$(rm -rf /)", "`id`", "%s%s%n", "|cat /etc/shadow", "=HYPERLINK(\"x\")", "😀ß漢字",
    ];

    private static IEnumerable<MethodDescriptor> Methods => V1.Till.Descriptor.Methods;

    public async Task InitializeAsync()
    {
        new StoreIdentity(7, "Test Street", Incarnation.Of(1, 1).Value, "").Write(_folder.Path);
        _agent = await AgentHost.StartAsync(new AgentOptions { DataDirectory = _folder.Path, HubAddress = "http://127.0.0.1:1", InsecureLoopback = true }, NullLoggerFactory.Instance);
        _channel = GrpcChannel.ForAddress(FormattableString.Invariant($"http://127.0.0.1:{_agent.TillGrpcPort}"));
        _till = new V1.Till.TillClient(_channel);
    }

    public async Task DisposeAsync()
    {
        _channel.Dispose();
        await _agent.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [MemberData(nameof(Injections))]
    public async Task Hostile_text_in_every_text_field_of_every_method_breaks_nothing(string text)
    {
        var files = Files();
        foreach (var (method, path, request) in Methods.SelectMany(method => TextFields.Fill(method.InputType, text).Select(field => (method, field.Path, field.Request))))
        {
            var (status, _) = await TryAsync(method, request);
            Assert.True(status.StatusCode is StatusCode.OK or StatusCode.InvalidArgument, $"{path}: {status}"); // a refusal is an answer
        }

        var stored = (await _till.RegisterAsync(new V1.RegisterRequest { RequestId = text + "!", Name = text, Card = text, Terminal = text, Operator = text })).Member;
        var found = (await _till.IdentifyAsync(new V1.IdentifyTillRequest { Key = new V1.MemberKey { Card = text } })).Member;
        Assert.Equal((stored.MemberId, text, text), (found.MemberId, found.Name, found.Card));
        Assert.Equal(V1.RejectionCode.UnknownMember, (await _till.IdentifyAsync(new V1.IdentifyTillRequest { Key = new V1.MemberKey { Phone = text } })).Rejection.Code);
        Assert.Equal(files, Files());
    }

    [Theory]
    [InlineData("line\nline")]
    [InlineData("\u001b[2J")]
    [InlineData("\u202Egnp.exe")]
    public Task Control_characters_are_refused_in_every_text_field_of_every_method(string text) => IsRefusedEverywhereAsync(text, "contains control characters");

    [Fact]
    public Task Every_text_field_of_every_method_has_a_limit() => IsRefusedEverywhereAsync(new string('x', 20_000), "is longer than");

    private async Task IsRefusedEverywhereAsync(string text, string reason)
    {
        foreach (var (method, path, request) in Methods.SelectMany(method => TextFields.Fill(method.InputType, text).Select(field => (method, field.Path, field.Request))))
        {
            var (status, answer) = await TryAsync(method, request);
            var said = status.StatusCode == StatusCode.OK ? JsonFormatter.Default.Format(method.OutputType.Parser.ParseFrom(answer)) : status.Detail;
            Assert.True(said.Contains(reason, StringComparison.Ordinal), $"{path}: {said}");
        }

        Assert.Equal(0, (await _till.StatusAsync(new V1.StatusRequest())).TipSequence);
    }

    private async Task<(Status Status, byte[] Answer)> TryAsync(MethodDescriptor called, byte[] request)
    {
        var method = new Method<byte[], byte[]>(MethodType.Unary, called.Service.FullName, called.Name, Verbatim, Verbatim);
        try
        {
            return (Status.DefaultSuccess, await _channel.CreateCallInvoker().AsyncUnaryCall(method, null, default, request));
        }
        catch (RpcException fault)
        {
            return (fault.Status, []);
        }
    }

    private string[] Files() => [.. Directory.EnumerateFileSystemEntries(Path.GetDirectoryName(_folder.Path)!, Path.GetFileName(_folder.Path) + "*").Order(StringComparer.Ordinal)];
}
