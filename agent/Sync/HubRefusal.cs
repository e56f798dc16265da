using Google.Rpc;
using Grpc.Core;
using SyncHub.Protos.Trust;

namespace SyncHub.Agent.Sync;

/// <summary>What a failed call to a hub means for the question which hub to call next.</summary>
internal static class HubRefusal
{
    /// <summary>Whether the hub answered that another one has to be called: it stands by, is being stopped, or is cut off from its database.</summary>
    public static bool IsOfAnother(Exception fault) => InfoOf(fault) is { Reason: StandbyReasons.StandingBy or StandbyReasons.Stopping or StandbyReasons.CutOff };

    /// <summary>Whether the hub stands by: then it can forward calls to the one that leads.</summary>
    public static bool StandsBy(Exception fault) => InfoOf(fault) is { Reason: StandbyReasons.StandingBy };

    /// <summary>Who leads, as a hub said that stands by; empty where it did not say so.</summary>
    public static string LeaderIn(Exception fault) => InfoOf(fault)?.Metadata.GetValueOrDefault(StandbyReasons.Leader, "") ?? "";

    /// <summary>Whether another hub may do what this one could not: it is out of reach, stands by or is being stopped.</summary>
    public static bool MayAnotherHelp(RpcException fault) => fault.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.Cancelled or StatusCode.Internal;

    private static ErrorInfo? InfoOf(Exception fault) => (fault as RpcException)?.GetRpcStatus()?.GetDetail<ErrorInfo>();
}
