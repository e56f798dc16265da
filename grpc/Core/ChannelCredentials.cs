namespace Grpc.Core;

/// <summary>Whether a channel is encrypted, and which credentials every call on it carries. The certificate checks
/// themselves belong to the channel's HTTP handler.</summary>
public sealed class ChannelCredentials
{
    private ChannelCredentials(bool isSecure, CallCredentials? callCredentials)
    {
        IsSecure = isSecure;
        CallCredentials = callCredentials;
    }

    /// <summary>Plaintext: an <c>http</c> address.</summary>
    public static ChannelCredentials Insecure { get; } = new(isSecure: false, callCredentials: null);

    /// <summary>TLS: an <c>https</c> address.</summary>
    public static ChannelCredentials SecureSsl { get; } = new(isSecure: true, callCredentials: null);

    internal bool IsSecure { get; }

    internal CallCredentials? CallCredentials { get; }

    /// <summary>The channel's encryption together with credentials for every call.</summary>
    public static ChannelCredentials Create(ChannelCredentials channelCredentials, CallCredentials callCredentials)
    {
        ArgumentNullException.ThrowIfNull(channelCredentials);
        ArgumentNullException.ThrowIfNull(callCredentials);
        return new ChannelCredentials(channelCredentials.IsSecure, callCredentials);
    }
}
