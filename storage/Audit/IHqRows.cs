using SyncHub.Storage.Hq;

namespace SyncHub.Storage.Audit;

/// <summary>The rows of the tables of HQ as they are, for an audit that must not trust the program that wrote them.</summary>
/// <remarks>Thread rule: one thread at a time, and one enumeration after the other.</remarks>
public interface IHqRows : IDisposable
{
    /// <summary>Up to which record they are; 0 where they were never kept.</summary>
    long HqPosition();

    /// <summary>hq_member: each member's version.</summary>
    IEnumerable<(StreamId Member, long Version)> HqMembers();

    /// <summary>hq_wallet.</summary>
    IEnumerable<HqWallet> HqWallets();

    /// <summary>hq_lot.</summary>
    IEnumerable<HqLot> HqLots();

    /// <summary>hq_right_line.</summary>
    IEnumerable<HqRightLine> HqRightLines();

    /// <summary>hq_op: each op, and whose it is.</summary>
    IEnumerable<(FactKey Op, StreamId Member)> HqOps();

    /// <summary>hq_posting, summed per account.</summary>
    IEnumerable<BalanceRow> HqBalances();
}
