using Google.Protobuf;
using Grpc.Core;
using Grpc.Standard;
using Microsoft.Extensions.Logging;
using SyncHub.Hub.Doors;
using SyncHub.Protos.Mapping;

namespace SyncHub.Hub;

/// <summary>The word that a method of HQ's doors begins with: who called it, and that its texts are fit.</summary>
/// <remarks>Whether the caller may was decided before, by <see cref="DoorGuard"/>; a method that nobody guards throws.</remarks>
internal sealed class Authority(ILogger<Authority> log)
{
    private const string Scheme = "Bearer ";

    /// <summary>The call that this method runs for.</summary>
    /// <exception cref="RpcException">INVALID_ARGUMENT: a text of the request is too long or no text. UNAUTHENTICATED: nobody guards this method.</exception>
    public DoorCall Demand(ServerCallContext context, IMessage request)
    {
        var call = DoorCall.Current;
        if (call is null || !context.Method.EndsWith(call.Door.What, StringComparison.Ordinal))
        {
            log.LogCritical("{Method} was reached without a guard", context.Method);
            throw RpcFault.Of(StatusCode.Unauthenticated, Reason.TokenWrong, "Nobody made sure who calls this.");
        }

        DemandText(request);
        return call;
    }

    /// <summary>Lets only requests through whose texts are fit.</summary>
    /// <exception cref="RpcException">INVALID_ARGUMENT.</exception>
    public static void DemandText(IMessage request)
    {
        if (TextCheck.FindFault(request) is { } fault)
        {
            throw RpcFault.Of(StatusCode.InvalidArgument, Reason.FieldInvalid, fault);
        }
    }

    /// <summary>The token in a header value, or null.</summary>
    public static string? TokenIn(string? authorization) =>
        authorization is not null && authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? authorization[Scheme.Length..].Trim() : null;
}
