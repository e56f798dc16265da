namespace SyncHub.Scale;

/// <summary>What things cost, as measured on the bench's machine; docs/scale.md says where each figure is from.</summary>
internal sealed record Costs
{
    /// <summary>Processor time of the hub that holds the stream, per op: TLS, framing, decoding, the chain, the acknowledgement.</summary>
    public double IntakeUs { get; init; } = 20;

    /// <summary>Processor time of the owner, per op: the member's turn, encoding, sealing, gathering, its part of the commit.</summary>
    public double TurnUs { get; init; } = 25;

    /// <summary>Processor time at each of the two hubs where the owner is another one than the holder of the stream; assumed: a frame there, an effect back.</summary>
    public double ForwardUs { get; init; } = 8;

    /// <summary>One way between two hubs, framing and batching included; assumed.</summary>
    public long BetweenHubsUs { get; init; } = 500;

    /// <summary>What a commit takes of its database's feed beside its records: a round trip and a sync of the disk.</summary>
    public long CommitUs { get; init; } = 1_000;

    /// <summary>What each decision adds to a commit.</summary>
    public double RecordUs { get; init; } = 13;

    /// <summary>Reading a cold member: processor time of its hub.</summary>
    public double ActivationUs { get; init; } = 150;

    /// <summary>Processor time of a hub for a new connection: TLS with two certificates, Hello, Welcome, lists.</summary>
    public double ConnectUs { get; init; } = 4_000;

    /// <summary>Processor time of a hub for each connected, silent store, per second.</summary>
    public double IdleStoreUs { get; init; } = 190;

    /// <summary>There and back between a store and its hub, beside what the hub does.</summary>
    public long StoreRoundTripUs { get; init; } = 40_000;

    /// <summary>An op's size as a store sends it.</summary>
    public int OpBytes { get; init; } = 120;
}
