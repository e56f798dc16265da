namespace SyncHub.Storage.Postgres;

/// <summary>Who writes to a journal at present, for those that wait for their turn.</summary>
/// <param name="HeldBy">The process, for people.</param>
/// <param name="Address">Where it is reached, as it said itself; empty where it did not.</param>
public readonly record struct LeadingWriter(string HeldBy, string Address);
