using System.Net;
using Grpc.Core;
using Grpc.Wire;

namespace Grpc.Net.Client;

/// <summary>The headers of a client's requests: those of the protocol, metadata, credentials.</summary>
internal static class RequestHeaders
{
    private const string UserAgentName = "user-agent";
    private const string UserAgent = "grpc-dotnet-kestrel/1.0";

    /// <summary>A request with what every call says.</summary>
    public static HttpRequestMessage NewRequest(Uri address, HttpContent content)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, address)
        {
            Content = content,
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.TryAddWithoutValidation("te", "trailers");
        request.Headers.TryAddWithoutValidation(WireNames.AcceptEncoding, Encodings.Accepted);
        request.Headers.TryAddWithoutValidation(UserAgentName, UserAgent);
        return request;
    }

    /// <summary>Adds metadata; a user agent takes the place of ours.</summary>
    public static void Add(HttpRequestMessage request, Metadata metadata)
    {
        if (metadata.Get(UserAgentName) is not null)
        {
            request.Headers.Remove(UserAgentName);
        }

        // By number: an enumerator would be an object for each call.
        for (var at = 0; at < metadata.Count; at++)
        {
            var entry = metadata[at];
            if (MetadataHeaders.IsReserved(entry.Key))
            {
                continue;
            }

            // Some names (expires, allow, last-modified) are taken as the body's; on the wire there is no difference.
            var value = MetadataHeaders.Value(entry);
            if (!request.Headers.TryAddWithoutValidation(entry.Key, value))
            {
                request.Content!.Headers.TryAddWithoutValidation(entry.Key, value);
            }
        }
    }

    /// <summary>Asks credentials for their metadata and adds it.</summary>
    /// <exception cref="RpcException">INTERNAL: the line is in the clear. UNAUTHENTICATED: they have none.</exception>
    public static async Task AddCredentialsAsync(HttpRequestMessage request, CallCredentials? credentials, GrpcChannel channel, IMethod method, CancellationToken ended)
    {
        if (credentials is null)
        {
            return;
        }

        if (!channel.MaySendCredentials)
        {
            throw new RpcException(new Status(StatusCode.Internal, "Call credentials need an https channel, or GrpcChannelOptions.UnsafeUseInsecureChannelCallCredentials."));
        }

        var metadata = new Metadata();
        try
        {
            await credentials.ApplyAsync(channel.AuthContextOf(method, ended), metadata);
        }
        catch (Exception exception) when (exception is not RpcException && !ended.IsCancellationRequested)
        {
            throw new RpcException(new Status(StatusCode.Unauthenticated, "Error retrieving call credentials.", exception));
        }

        Add(request, metadata);
    }
}
