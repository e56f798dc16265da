namespace SyncHub.Storage.Hq;

/// <summary>What the tables of HQ gain by some records of the feed: all of it or none of it.</summary>
/// <param name="From">The position that the tables must be at.</param>
/// <param name="To">The position that they are at afterwards.</param>
public sealed record HqPage(long From, long To)
{
    /// <summary>Members whose rows are written anew: what they had in <see cref="Wallets"/>, <see cref="Lots"/> and <see cref="RightLines"/> is replaced.</summary>
    public List<HqMember> Members { get; } = [];

    /// <summary>All wallets of these members.</summary>
    public List<HqWallet> Wallets { get; } = [];

    /// <summary>All lots of these members.</summary>
    public List<HqLot> Lots { get; } = [];

    /// <summary>All right lines of these members.</summary>
    public List<HqRightLine> RightLines { get; } = [];

    /// <summary>Ops; one that is there already (it was parked) is replaced.</summary>
    public List<HqOp> Ops { get; } = [];

    /// <summary>Postings.</summary>
    public List<HqPosting> Postings { get; } = [];

    /// <summary>Cases that are new or changed.</summary>
    public List<HqCase> Cases { get; } = [];
}
