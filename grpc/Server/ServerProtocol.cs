using Grpc.Core;
using Grpc.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>The protocol's parts that need no call: what is refused at the door, and how a status is written.</summary>
internal static class ServerProtocol
{
    /// <summary>Refuses what is not gRPC over HTTP/2, in HTTP's own terms.</summary>
    public static bool TryReject(HttpContext context)
    {
        if (!WireNames.IsGrpcContentType(context.Request.ContentType))
        {
            Reject(context, StatusCodes.Status415UnsupportedMediaType, $"The content-type must be {WireNames.ContentType}.");
            return true;
        }

        if (!HttpProtocol.IsHttp2(context.Request.Protocol) && !HttpProtocol.IsHttp3(context.Request.Protocol))
        {
            Reject(context, StatusCodes.Status426UpgradeRequired, "gRPC needs HTTP/2.");
            return true;
        }

        return false;
    }

    /// <summary>Lifts the server's limits on a request body for this call: they count a whole stream as one upload, and take an
    /// idle stream for a stalled one. gRPC's limit is per message. Other endpoints of the server keep theirs, and so does a call whose request is
    /// one message: nobody has a reason to send that byte by byte, but who wants to hold streams open for nothing.</summary>
    public static void LiftBodyLimits(HttpContext context, bool isRequestStream)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = null;
        }

        if (isRequestStream && context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }
    }

    /// <summary>Writes the status as the only header block of the response.</summary>
    /// <remarks>Nothing may be flushed afterwards, not even nothing: a flush would split the one HEADERS frame into
    /// HEADERS and an empty DATA frame, and the official C++ and Go clients take that for a broken stream.</remarks>
    public static void WriteTrailersOnly(HttpResponse response, Status status, Metadata trailers)
    {
        response.ContentType = WireNames.ContentType;
        WriteStatus(response.Headers, status, trailers);
    }

    public static void WriteTrailers(HttpResponse response, Status status, Metadata trailers)
    {
        var feature = response.HttpContext.Features.GetRequiredFeature<IHttpResponseTrailersFeature>();
        WriteStatus(feature.Trailers, status, trailers);
    }

    public static void WriteMetadata(IHeaderDictionary headers, Metadata metadata)
    {
        // By number: an enumerator would be an object for each call.
        for (var at = 0; at < metadata.Count; at++)
        {
            var entry = metadata[at];

            // Append alone would drop an empty value, which is a value.
            if (!MetadataHeaders.IsReserved(entry.Key) && !headers.TryAdd(entry.Key, MetadataHeaders.Value(entry)))
            {
                headers.Append(entry.Key, MetadataHeaders.Value(entry));
            }
        }
    }

    public static Metadata ReadMetadata(IHeaderDictionary headers)
    {
        var metadata = new Metadata();
        foreach (var (name, values) in headers)
        {
            foreach (var value in values)
            {
                MetadataHeaders.Add(metadata, name, value);
            }
        }

        return metadata;
    }

    private static void WriteStatus(IHeaderDictionary headers, Status status, Metadata trailers)
    {
        WriteMetadata(headers, trailers);
        headers.GrpcStatus = StatusMapping.Format(status.StatusCode);
        if (status.Detail.Length > 0)
        {
            headers.GrpcMessage = PercentEncoding.Encode(status.Detail);
        }
    }

    private static void Reject(HttpContext context, int httpStatus, string detail)
    {
        context.Response.StatusCode = httpStatus;
        WriteStatus(context.Response.Headers, new Status(StatusCode.Internal, detail), Metadata.Empty);
    }
}
