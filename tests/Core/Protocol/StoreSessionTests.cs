using SyncHub.Core.Primitives;
using SyncHub.Core.Protocol;

namespace SyncHub.Core.Tests.Protocol;

public sealed class StoreSessionTests
{
    private readonly Chain _log = Chain.Of(20);

    [Fact]
    public void Contiguous_ops_are_handed_on_with_the_chain_around_them()
    {
        var session = Fresh();

        var verdict = _log.Send(session, 1, 3);

        Assert.Null(verdict.Fault);
        Assert.Equal([1, 2, 3], Sequences(verdict));
        Assert.All(verdict.Ops, op => Assert.Equal((_log.Hash(op.Sequence - 1), _log.Hash(op.Sequence)), (op.PreviousHash, op.Hash)));
        Assert.Equal((0, 3, 3), (session.CommittedSequence, session.ReceivedSequence, session.InFlight));
    }

    [Fact]
    public void What_came_before_is_passed_over_wherever_the_watermark_is()
    {
        var session = Fresh();
        _log.Send(session, 1, 5);
        Assert.Empty(_log.Send(session, 1, 5).Ops);
        Apply(session, 1, 2, 3);

        var verdict = _log.Send(session, 1, 7);

        Assert.Null(verdict.Fault);
        Assert.Equal([6, 7], Sequences(verdict));
    }

    [Fact]
    public void A_batch_below_the_watermark_changes_nothing()
    {
        var session = new StoreSession(Make.Holder(1), 5, _log.Hash(5));

        Assert.Equal(([], (string?)null), (Sequences(_log.Send(session, 1, 4)), _log.Send(session, 2, 5).Fault));
        Assert.Equal((5, 5), (session.CommittedSequence, session.ReceivedSequence));
        Assert.Equal([6], Sequences(_log.Send(session, 3, 6)));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(7)]
    public void A_gap_is_refused_and_nothing_of_the_batch_is_taken(int first)
    {
        var session = Fresh();

        var verdict = _log.Send(session, first, 9);

        Assert.StartsWith("Gap", verdict.Fault, StringComparison.Ordinal);
        Assert.Empty(verdict.Ops);
        Assert.Equal(0, session.ReceivedSequence);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-3)]
    [InlineData(long.MinValue)]
    [InlineData(long.MaxValue)]
    public void A_batch_that_starts_at_no_possible_number_takes_nothing(long first)
    {
        var session = Fresh();

        var verdict = session.OnBatch(first, OpHash.Genesis, [new byte[] { 1 }]);

        Assert.Empty(verdict.Ops);
        Assert.Equal(0, session.ReceivedSequence);
    }

    [Fact]
    public void An_op_above_the_watermark_with_other_contents_is_a_fork_and_nothing_after_it_is_taken()
    {
        var session = Fresh();
        _log.Send(session, 1, 5);

        var verdict = _log.Branch(3, 5).Send(session, 2, 8);

        Assert.StartsWith("Fork: op 4", verdict.Fault, StringComparison.Ordinal);
        Assert.Empty(verdict.Ops);
        Assert.Equal((5, _log.Hash(5)), (session.ReceivedSequence, session.ReceivedHash));
    }

    [Fact]
    public void An_op_at_the_watermark_with_other_contents_is_a_fork()
    {
        var session = new StoreSession(Make.Holder(1), 5, _log.Hash(5));

        Assert.StartsWith("Fork: op 5", _log.Branch(4, 5).Send(session, 5, 8).Fault, StringComparison.Ordinal);
    }

    [Fact]
    public void A_fork_below_the_watermark_shows_at_the_watermark()
    {
        var session = new StoreSession(Make.Holder(1), 5, _log.Hash(5));

        var verdict = _log.Branch(2, 8).Send(session, 3, 8);

        Assert.StartsWith("Fork: op 5", verdict.Fault, StringComparison.Ordinal);
        Assert.Empty(verdict.Ops);
    }

    [Fact]
    public void A_new_op_that_continues_another_history_is_a_fork()
    {
        var session = new StoreSession(Make.Holder(1), 5, _log.Hash(5));

        var verdict = _log.Branch(4, 5).Send(session, 6, 8);

        Assert.StartsWith("Fork: op 6", verdict.Fault, StringComparison.Ordinal);
        Assert.Empty(verdict.Ops);
    }

    [Fact]
    public void Ops_before_a_fork_in_one_batch_are_taken()
    {
        var session = Fresh();
        _log.Send(session, 1, 2);
        var branch = _log.Branch(3, 3);
        _log.Send(session, 3, 4);

        Assert.StartsWith("Fork: op 4", branch.Send(session, 3, 6).Fault, StringComparison.Ordinal);
        Assert.Equal([5], Sequences(_log.Send(session, 4, 5)));
    }

    [Fact]
    public void The_watermark_moves_only_over_contiguous_durable_ops()
    {
        var session = Fresh();
        _log.Send(session, 1, 5);

        Assert.False(session.OnApplied(3));
        Assert.False(session.OnApplied(2));
        Assert.Equal((0, 3), (session.CommittedSequence, session.InFlight));
        Assert.True(session.OnApplied(1));
        Assert.Equal((3, _log.Hash(3)), (session.CommittedSequence, session.CommittedHash));
        Assert.False(session.OnApplied(5));
        Assert.True(session.OnApplied(4));
        Assert.Equal((5, _log.Hash(5), 0), (session.CommittedSequence, session.CommittedHash, session.InFlight));
    }

    [Fact]
    public void Word_of_an_op_that_was_never_taken_or_is_below_the_watermark_changes_nothing()
    {
        var session = Fresh();
        _log.Send(session, 1, 2);
        Apply(session, 1);

        Assert.False(session.OnApplied(1));
        Assert.False(session.OnApplied(9));
        Assert.Equal((1, 2), (session.CommittedSequence, session.ReceivedSequence));
    }

    [Fact]
    public void After_a_restart_ops_applied_above_a_gap_are_not_handed_on_again()
    {
        var session = new StoreSession(Make.Holder(1), 3, _log.Hash(3));
        session.RememberApplied(2, _log.Hash(2));
        session.RememberApplied(5, _log.Hash(5));
        session.RememberApplied(6, _log.Hash(6));
        session.RememberApplied(8, _log.Hash(8));
        Assert.Equal((3, 3, 0), (session.CommittedSequence, session.ReceivedSequence, session.InFlight));

        var verdict = _log.Send(session, 4, 9);

        Assert.Null(verdict.Fault);
        Assert.Equal([4, 7, 9], Sequences(verdict));
        Assert.True(session.OnApplied(4));
        Assert.Equal((6, _log.Hash(6)), (session.CommittedSequence, session.CommittedHash));
        Assert.True(session.OnApplied(7));
        Assert.True(session.OnApplied(9));
        Assert.Equal((9, _log.Hash(9)), (session.CommittedSequence, session.CommittedHash));
    }

    [Fact]
    public void After_a_restart_ops_applied_right_above_the_cursor_move_the_watermark()
    {
        var session = new StoreSession(Make.Holder(1), 3, _log.Hash(3));
        session.RememberApplied(4, _log.Hash(4));
        session.RememberApplied(5, _log.Hash(5));

        Assert.Equal((5, _log.Hash(5), 5), (session.CommittedSequence, session.CommittedHash, session.ReceivedSequence));
        Assert.Equal([6], Sequences(_log.Send(session, 4, 6)));
    }

    [Fact]
    public void After_a_restart_ops_sent_one_by_one_pass_over_the_remembered_ones()
    {
        var session = new StoreSession(Make.Holder(1), 3, _log.Hash(3));
        session.RememberApplied(5, _log.Hash(5));

        Assert.Equal([4], Sequences(_log.Send(session, 4, 4)));
        Assert.Empty(_log.Send(session, 5, 5).Ops);
        Assert.Equal([6], Sequences(_log.Send(session, 6, 6)));
    }

    [Fact]
    public void A_remembered_op_above_the_gap_does_not_let_the_gap_be_skipped()
    {
        var session = new StoreSession(Make.Holder(1), 3, _log.Hash(3));
        session.RememberApplied(6, _log.Hash(6));

        var verdict = _log.Send(session, 6, 8);

        Assert.StartsWith("Gap", verdict.Fault, StringComparison.Ordinal);
        Assert.Empty(verdict.Ops);
        Assert.Equal(3, session.CommittedSequence);
    }

    [Fact]
    public void Another_op_at_a_remembered_number_is_a_fork()
    {
        var session = new StoreSession(Make.Holder(1), 3, _log.Hash(3));
        session.RememberApplied(5, _log.Hash(5));

        Assert.StartsWith("Fork: op 5", _log.Branch(3, 4).Send(session, 4, 7).Fault, StringComparison.Ordinal);
    }

    [Fact]
    public void A_fork_in_the_gap_below_a_remembered_op_shows_at_the_next_op_sent()
    {
        var session = new StoreSession(Make.Holder(1), 3, _log.Hash(3));
        session.RememberApplied(5, _log.Hash(5));
        var branch = _log.Branch(3, 4);

        Assert.Equal([4], Sequences(branch.Send(session, 4, 4)));
        session.OnApplied(4);

        Assert.StartsWith("Fork", branch.Send(session, 5, 6).Fault, StringComparison.Ordinal);
        Assert.StartsWith("Fork", branch.Send(session, 6, 7).Fault, StringComparison.Ordinal);
    }

    [Fact]
    public void An_agent_at_or_above_the_watermark_is_welcomed_with_it()
    {
        var session = new StoreSession(Make.Holder(1), 5, _log.Hash(5));

        Assert.Null(Amnesia(session, _log.Hello(5)));
        Assert.Null(Amnesia(session, _log.Hello(9)));
        Assert.Null(Amnesia(Fresh(), _log.Hello(0)));
    }

    [Fact]
    public void An_agent_whose_log_ends_below_the_watermark_is_stale() =>
        Assert.NotNull(Amnesia(new StoreSession(Make.Holder(1), 5, _log.Hash(5)), _log.Hello(4)));

    [Fact]
    public void An_agent_with_another_hash_at_the_watermark_is_stale() =>
        Assert.NotNull(Amnesia(new StoreSession(Make.Holder(1), 5, _log.Hash(5)), _log.Branch(4, 3).Hello(5)));

    [Fact]
    public void An_agent_whose_log_ends_below_an_op_that_the_hub_has_taken_in_is_stale()
    {
        var session = Fresh();
        _log.Send(session, 1, 6);
        Apply(session, 1, 2, 3);

        Assert.NotNull(Amnesia(session, _log.Hello(4)));
        Assert.NotNull(Amnesia(session, _log.Branch(5, 1).Hello(6)));
        Assert.Null(Amnesia(session, _log.Hello(6)));
        Assert.Null(Amnesia(session, _log.Hello(7)));
    }

    [Fact]
    public void An_agent_whose_log_ends_below_a_remembered_op_is_stale()
    {
        var session = new StoreSession(Make.Holder(1), 3, _log.Hash(3));
        session.RememberApplied(6, _log.Hash(6));

        Assert.NotNull(Amnesia(session, _log.Hello(5)));
        Assert.Null(Amnesia(session, _log.Hello(6)));
    }

    [Fact]
    public void Whatever_is_lost_repeated_or_forgotten_each_op_is_handed_on_until_it_is_durable_and_never_after() => SeededRandom.ForEachSeed(500, seed =>
    {
        var random = new SeededRandom(seed);
        var session = Fresh();
        var underWay = new List<long>();
        var durable = new SortedSet<long>();
        var cursor = 0L;
        for (var step = 0; step < 200; step++)
        {
            var previous = session.CommittedSequence;
            switch (random.Below(10))
            {
                case < 5:
                    var first = random.Between(1, Math.Min(20, session.ReceivedSequence + 2));
                    var verdict = _log.Send(session, first, random.Between(first, 20));
                    foreach (var op in verdict.Ops)
                    {
                        Assert.DoesNotContain(op.Sequence, durable);
                        Assert.DoesNotContain(op.Sequence, underWay);
                        underWay.Add(op.Sequence);
                    }

                    break;
                case < 9 when underWay.Count > 0:
                    var done = random.Pick(underWay);
                    underWay.Remove(done);
                    durable.Add(done);
                    session.OnApplied(done);
                    cursor = random.Chance(500) ? session.CommittedSequence : cursor;
                    break;
                case 9 when random.Chance(300):
                    session = new StoreSession(Make.Holder(1), cursor, _log.Hash(cursor));
                    underWay.Clear();
                    foreach (var sequence in durable)
                    {
                        session.RememberApplied(sequence, _log.Hash(sequence));
                    }

                    previous = session.CommittedSequence;
                    break;
                default:
                    break;
            }

            var contiguous = 0L;
            while (durable.Contains(contiguous + 1))
            {
                contiguous++;
            }

            Assert.Equal(contiguous, session.CommittedSequence);
            Assert.Equal(_log.Hash(contiguous), session.CommittedHash);
            Assert.True(session.CommittedSequence >= previous);
            Assert.Equal(underWay.Count, session.InFlight);
        }
    });

    private static StoreSession Fresh() => new(Make.Holder(1), 0, OpHash.Genesis);

    private static void Apply(StoreSession session, params long[] sequences)
    {
        foreach (var sequence in sequences)
        {
            session.OnApplied(sequence);
        }
    }

    private static long[] Sequences(BatchVerdict verdict) => [.. verdict.Ops.Select(op => op.Sequence)];

    [Fact]
    public void What_fills_a_gap_must_lead_to_the_op_that_a_crash_left_behind_it()
    {
        var session = new StoreSession(Make.Holder(1), 4, _log.Hash(4));
        session.RememberApplied(6, _log.Hash(6), _log.Bytes(6));
        var other = _log.Branch(4, 3);

        var verdict = other.Send(session, 5, 5);

        Assert.True(verdict.IsFork);
        Assert.Empty(verdict.Ops);
        Assert.Null(session.TryExtend(5, other.Hash(4), other.Hash(5), other.Bytes(5)));
        Assert.Equal([5], Sequences(_log.Send(session, 5, 5)));
    }

    private static string? Amnesia(StoreSession session, Hello hello) => session.FindAmnesia(hello.TipSequence, hello.TipHash);
}
