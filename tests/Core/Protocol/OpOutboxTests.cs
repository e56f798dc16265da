using SyncHub.Core.Primitives;
using SyncHub.Core.Protocol;

namespace SyncHub.Core.Tests.Protocol;

public sealed class OpOutboxTests
{
    private readonly Chain _log = Chain.Of(10);

    [Fact]
    public void Nothing_is_sent_before_a_welcome_and_after_a_disconnect()
    {
        var outbox = new OpOutbox(10);
        Assert.Equal((0, false), (outbox.SendableBytes, outbox.IsConnected));

        Assert.Equal(WelcomeVerdict.Resume, Welcome(outbox, 1, 4));
        Assert.Equal((100, 4, 6), (outbox.SendableBytes, outbox.SentSequence, outbox.Backlog));

        outbox.OnDisconnected();
        Assert.Equal((0, false), (outbox.SendableBytes, outbox.IsConnected));
    }

    [Fact]
    public void The_window_closes_with_what_is_under_way_and_opens_with_acks()
    {
        var outbox = new OpOutbox(10);
        Welcome(outbox, 1, 0);
        outbox.OnSent(2, 60);
        outbox.OnSent(4, 50);
        Assert.Equal(0, outbox.SendableBytes);

        Assert.True(outbox.OnAck(1));
        Assert.Equal(0, outbox.SendableBytes);
        Assert.True(outbox.OnAck(2));
        Assert.Equal(50, outbox.SendableBytes);
        Assert.True(outbox.OnAck(4));
        Assert.Equal((100, 6), (outbox.SendableBytes, outbox.Backlog));
    }

    [Theory]
    [InlineData(1_048_576)]
    [InlineData(65_536)]
    public void A_backlog_leaves_in_large_batches_however_it_is_acknowledged(long window)
    {
        const int Ops = 40_000;
        var dice = new Random(7);
        var sizes = Enumerable.Range(0, Ops).Select(_ => dice.Next(180, 400)).ToArray();
        var (underWay, batches) = (new Queue<long>(), 0);
        var outbox = new OpOutbox(Ops);
        outbox.OnWelcome(true, 1, 0, OpHash.Genesis, OpHash.Genesis, window);
        while (outbox.CommittedSequence < Ops)
        {
            for (var room = outbox.SendableBytes; room > 0; room = outbox.SendableBytes)
            {
                var (last, bytes) = (outbox.SentSequence, 0L);
                do
                {
                    bytes += sizes[last++];
                }
                while (last < Ops && last - outbox.SentSequence < OpOutbox.LargestBatchOps && bytes + sizes[last] <= room);

                outbox.OnSent(last, bytes);
                underWay.Enqueue(last);
                batches++;
            }

            Assert.True(outbox.OnAck(underWay.Dequeue()));
        }

        Assert.InRange(batches, Ops / OpOutbox.LargestBatchOps, 2 * Ops / OpOutbox.LargestBatchOps);
    }

    [Fact]
    public void A_repeated_or_older_ack_is_no_news_and_one_beyond_the_log_is_not_believed()
    {
        var outbox = new OpOutbox(10);
        Welcome(outbox, 1, 5);

        Assert.False(outbox.OnAck(5));
        Assert.False(outbox.OnAck(3));
        Assert.False(outbox.OnAck(11));
        Assert.Equal(5, outbox.CommittedSequence);
        Assert.True(outbox.OnAck(10));
        Assert.Equal((10, 0), (outbox.CommittedSequence, outbox.Backlog));
    }

    [Fact]
    public void A_drained_outbox_sends_again_once_an_op_is_logged()
    {
        var outbox = new OpOutbox(3);
        Welcome(outbox, 1, 3);
        Assert.Equal(0, outbox.SendableBytes);

        outbox.OnLogged(4);
        outbox.OnLogged(2);

        Assert.Equal((4, 100), (outbox.TipSequence, outbox.SendableBytes));
    }

    [Fact]
    public void A_hash_that_is_not_ours_or_an_op_that_we_do_not_have_locks()
    {
        var outbox = new OpOutbox(10);

        Assert.Equal(WelcomeVerdict.Lock, outbox.OnWelcome(true, 1, 5, _log.Branch(4, 2).Hash(5), _log.Hash(5), 100));
        Assert.Equal(WelcomeVerdict.Lock, outbox.OnWelcome(true, 1, 11, _log.Branch(10, 1).Hash(11), null, 100));
        Assert.Equal((false, 0, 0), (outbox.IsConnected, outbox.Token, outbox.CommittedSequence));
    }

    [Fact]
    public void A_welcome_to_an_older_connection_or_with_an_older_token_is_ignored_even_with_a_foreign_hash()
    {
        var outbox = new OpOutbox(10);
        outbox.Restore(committedSequence: 2, token: 7);

        Assert.Equal(WelcomeVerdict.Ignore, outbox.OnWelcome(true, 6, 5, OpHash.Genesis, _log.Hash(5), 100));
        Assert.Equal(WelcomeVerdict.Ignore, outbox.OnWelcome(false, 8, 5, OpHash.Genesis, _log.Hash(5), 100));
        Assert.Equal((7, 2, false), (outbox.Token, outbox.CommittedSequence, outbox.IsConnected));
        Assert.Equal(WelcomeVerdict.Resume, Welcome(outbox, 8, 5));
        Assert.Equal(8, outbox.Token);
    }

    [Fact]
    public void A_hub_that_lost_its_tail_is_sent_it_again_and_confirms_it_anew()
    {
        var outbox = new OpOutbox(10);
        outbox.Restore(committedSequence: 8, token: 1);

        Welcome(outbox, 2, 5);

        Assert.Equal((5, 5), (outbox.SentSequence, outbox.Backlog));
        outbox.OnSent(10, 50);
        Assert.True(outbox.OnAck(8)); // else the backlog would be shown until the store's next op
        Assert.Equal(2, outbox.Backlog);
    }

    [Fact]
    public void A_new_connection_forgets_what_was_under_way_on_the_old_one()
    {
        var outbox = new OpOutbox(10);
        Welcome(outbox, 1, 0);
        outbox.OnSent(10, 100);
        outbox.OnDisconnected();

        Welcome(outbox, 2, 3);

        Assert.Equal((3, 100), (outbox.SentSequence, outbox.SendableBytes));
    }

    private WelcomeVerdict Welcome(OpOutbox outbox, long token, long committed) =>
        outbox.OnWelcome(true, token, committed, _log.Hash(committed), _log.Hash(committed), 100);
}
