using System.Net;
using System.Net.Http.Headers;
using Grpc.Core;
using Grpc.Wire;

namespace Grpc.Net.Client;

/// <summary>Reads the gRPC out of an HTTP response: headers, encoding, status and trailers.</summary>
internal static class ClientResponse
{
    /// <summary>Whether the one header block is also the end of the call.</summary>
    public static bool IsTrailersOnly(HttpResponseMessage response) => response.Headers.NonValidated.Contains(WireNames.Status);

    /// <summary>Checks that the answer is gRPC.</summary>
    /// <exception cref="RpcException">It is not; the status says what it was instead.</exception>
    public static void Check(HttpResponseMessage response)
    {
        if (response.StatusCode != HttpStatusCode.OK)
        {
            var reason = response.StatusCode == HttpStatusCode.RequestHeaderFieldsTooLarge ? ", the metadata of the call is too large for the server" : "";
            throw new RpcException(new Status(StatusMapping.FromHttp((int)response.StatusCode), $"Bad gRPC response: HTTP status {(int)response.StatusCode}{reason}."));
        }

        var contentType = Single(response.Content.Headers, "content-type");
        if (!WireNames.IsGrpcContentType(contentType))
        {
            throw new RpcException(new Status(StatusCode.Unknown, $"Bad gRPC response: content-type '{contentType}'."));
        }
    }

    /// <summary>The encoding of compressed messages.</summary>
    /// <exception cref="RpcException">INTERNAL: this client never said that it knows it.</exception>
    public static string Encoding(HttpResponseMessage response)
    {
        var encoding = Single(response.Headers, WireNames.Encoding) ?? Encodings.Identity;
        return Encodings.IsKnown(encoding) ? encoding : throw Failures.Malformed($"The server uses the unknown message encoding '{encoding}'.");
    }

    public static Metadata Headers(HttpResponseMessage response)
    {
        var metadata = new Metadata();
        AddAll(metadata, response.Headers);
        AddAll(metadata, response.Content.Headers);
        return metadata;
    }

    /// <summary>The status at the end of the body, or in the headers where there was no body.</summary>
    public static Status Status(HttpResponseMessage response) => Status(EndOf(response));

    /// <summary>The status of a call that has exactly one response message.</summary>
    public static Status StatusOfOne(HttpResponseMessage response, bool hasMessage) => Checked(Status(response), hasMessage);

    /// <summary>The same, of a response with a body: what is known already is not looked for again.</summary>
    public static Status StatusOfOneWithBody(HttpResponseMessage response, bool hasMessage) => Checked(Status(response.TrailingHeaders), hasMessage);

    /// <summary>What came with the status.</summary>
    public static Metadata Trailers(HttpResponseMessage response)
    {
        var trailers = new Metadata();
        AddAll(trailers, EndOf(response), skipServerHeaders: IsTrailersOnly(response));
        return trailers;
    }

    private static Status Checked(Status status, bool hasMessage) => !hasMessage && status.StatusCode == StatusCode.OK
        ? new Status(StatusCode.Internal, "The server sent OK without a response message.")
        : status;

    private static Status Status(HttpResponseHeaders end)
    {
        if (Single(end, WireNames.Status) is not { } code)
        {
            return new Status(StatusCode.Unknown, "Bad gRPC response: the stream ended without a grpc-status.");
        }

        // Most calls end with OK and nothing else.
        var hasMore = end.NonValidated.Count > 1;
        return new Status(StatusMapping.Parse(code), hasMore ? PercentEncoding.Decode(Single(end, WireNames.Message) ?? "") : "");
    }

    private static HttpResponseHeaders EndOf(HttpResponseMessage response) => IsTrailersOnly(response) ? response.Headers : response.TrailingHeaders;

    private static string? Single(HttpHeaders headers, string name) =>
        headers.NonValidated.TryGetValues(name, out var values) ? values.ToString() : null;

    // Where trailers and headers are one block, what the HTTP server adds to every response is not the handler's.
    private static void AddAll(Metadata metadata, HttpHeaders headers, bool skipServerHeaders = false)
    {
        foreach (var (name, values) in headers.NonValidated)
        {
            if (skipServerHeaders && (name.Equals("date", StringComparison.OrdinalIgnoreCase) || name.Equals("server", StringComparison.OrdinalIgnoreCase)))
            {
                continue;
            }

            foreach (var value in values)
            {
                MetadataHeaders.Add(metadata, name, value);
            }
        }
    }
}
