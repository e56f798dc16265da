using SyncHub.Core.Identity;
using SyncHub.Core.Primitives;
using SyncHub.Core.Protocol;
using Xunit;

namespace SyncHub.Core.Tests.Identity;

/// <summary>Each op of a dead log lands in exactly one chain, however much of it came before, and in which order.</summary>
public sealed class FactsIntakeTests
{
    private static readonly Holder Life = new(new StoreId(1), Incarnation.Of(1, 1));
    private static readonly ReadOnlyMemory<byte>[] Log = [.. Enumerable.Range(1, 7).Select(number => new ReadOnlyMemory<byte>([(byte)number]))];

    // An op of a receipt stands in a branch that starts after the op before it, which nobody has brought yet. A hub that stops then keeps the start of
    // the branch and may lose the op. Found by the simulator: the op before was taken for known, and lost.
    [Fact]
    public void The_op_after_which_a_branch_starts_is_not_taken_for_one_of_the_branch()
    {
        var main = new StoreSession(Life, 4, HashAt(4));
        var branch = new StoreSession(Life with { Incarnation = Incarnation.Of(1, 2) }, 5, HashAt(5));
        var intake = new FactsIntake(main, mayExtend: true, (chain, sequence) => chain == main && sequence <= 4 ? HashAt(sequence) : null, (_, _) => throw new InvalidOperationException("no new branch is needed"));
        intake.Remember(branch);

        var (taken, places) = intake.Take(1, OpHash.Genesis, Log);

        Assert.Equal([5, 6, 7], taken.Select(fact => fact.Op.Sequence));
        Assert.All(taken, fact => Assert.Same(main, fact.Chain));
        Assert.Equal(Log.Length, places.Count);
        Assert.Null(intake.FindInBranches(5, HashAt(5)));
    }

    private static OpHash HashAt(long sequence) => Log.Take((int)sequence).Aggregate(OpHash.Genesis, (hash, bytes) => hash.Next(bytes.Span));
}
