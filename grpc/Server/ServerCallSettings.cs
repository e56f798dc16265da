using System.IO.Compression;
using Grpc.Wire;
using Microsoft.Extensions.Logging;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>The options of a service, checked once when it is mapped.</summary>
internal sealed record ServerCallSettings(
    int? MaxReceiveBytes,
    int? MaxSendBytes,
    bool ShowsErrors,
    string? ResponseEncoding,
    CompressionLevel Level,
    ILogger Logger)
{
    public static ServerCallSettings From(GrpcServiceOptions options, ILogger logger)
    {
        if (options.ResponseCompressionAlgorithm is { } encoding && !Encodings.IsKnown(encoding))
        {
            throw new InvalidOperationException($"GrpcServiceOptions.ResponseCompressionAlgorithm is '{encoding}'; use one of {Encodings.Accepted}.");
        }

        return new ServerCallSettings(
            options.MaxReceiveMessageSize,
            options.MaxSendMessageSize,
            options.EnableDetailedErrors ?? false,
            options.ResponseCompressionAlgorithm,
            options.ResponseCompressionLevel ?? CompressionLevel.Fastest,
            logger);
    }
}
