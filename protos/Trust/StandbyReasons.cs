namespace SyncHub.Protos.Trust;

/// <summary>What a hub that does not lead says to whoever calls it, in google.rpc.ErrorInfo: another hub of the chain has to be asked.</summary>
public static class StandbyReasons
{
    /// <summary>This hub stands by; another one leads.</summary>
    public const string StandingBy = "HUB_STANDING_BY";

    /// <summary>This hub is being stopped.</summary>
    public const string Stopping = "HUB_STOPPING";

    /// <summary>This hub cannot reach its database; another one may lead by now.</summary>
    public const string CutOff = "HUB_CUT_OFF";

    /// <summary>The metadata that names the leader's address, where it is known.</summary>
    public const string Leader = "leader";

    /// <summary>Request metadata of callers who know other hubs, and would rather be told who leads than have their calls forwarded.</summary>
    public const string LeaderOnly = "synchub-leader-only";
}
