namespace SyncHub.Storage.Hq;

/// <summary>What the tables of HQ gain by some records of the feed: all of it or none of it.</summary>
/// <param name="From">The position that the tables must be at.</param>
/// <param name="To">The position that they are at afterwards.</param>
public sealed record HqPage(long From, long To)
{
    /// <summary>Members that are new or changed.</summary>
    public List<HqMember> Members { get; } = [];

    /// <summary>Members of whom the page has all wallets, lots and right lines: what the tables have of them is deleted first.</summary>
    public List<StreamId> Replaced { get; } = [];

    /// <summary>Wallets that are new or changed.</summary>
    public List<HqWallet> Wallets { get; } = [];

    /// <summary>Lots that are new or changed.</summary>
    public List<HqLot> Lots { get; } = [];

    /// <summary>Right lines that are new or changed.</summary>
    public List<HqRightLine> RightLines { get; } = [];

    /// <summary>Ops; one that is there already (it was parked) is replaced.</summary>
    public List<HqOp> Ops { get; } = [];

    /// <summary>Postings.</summary>
    public List<HqPosting> Postings { get; } = [];

    /// <summary>Cases that are new or changed.</summary>
    public List<HqCase> Cases { get; } = [];
}
