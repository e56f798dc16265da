namespace SyncHub.Interop.Matrix;

/// <summary>One case with one peer, in three directions.</summary>
internal sealed record Row(string Peer, string Case, Cell ToOurs, Cell ToTheirs, Cell Themselves)
{
    /// <summary>The reasons why a failure of this row does not count.</summary>
    public IEnumerable<string> Excuses
    {
        get
        {
            if (ToOurs.IsFailed && Excuse(asServer: false) is { } ofClient)
            {
                yield return $"{Peer} client, {Case}: {ofClient}";
            }

            if (ToTheirs.IsFailed && Excuse(asServer: true) is { } ofServer)
            {
                yield return $"{Peer} server, {Case}: {ofServer}";
            }
        }
    }

    /// <summary>The failures that count.</summary>
    public IEnumerable<string> Failures
    {
        get
        {
            if (ToOurs.IsFailed && Excuse(asServer: false) is null)
            {
                yield return $"{Peer} client to our server, {Case}: {ToOurs.Detail}";
            }

            if (ToTheirs.IsFailed && Excuse(asServer: true) is null)
            {
                yield return $"our client to the {Peer} server, {Case}: {ToTheirs.Detail}";
            }
        }
    }

    // Only what a peer can do counts: one that fails with itself is no measure.
    private string? Excuse(bool asServer) => Limits.Find(Peer, Case, asServer) ?? (Themselves.IsFailed ? "fails with itself too" : null);
}
