using SyncHub.Hub.Sync;
using SyncHub.V1;
using Xunit;

namespace SyncHub.Hub.Tests;

/// <summary>What waits to be sent to one agent.</summary>
public sealed class OutboundLanesTests
{
    [Fact]
    public void An_acknowledgement_that_still_waits_is_overtaken_by_the_next_one()
    {
        var lanes = new OutboundLanes(0);
        lanes.Add(Ack(1));
        lanes.Add(Ack(2));
        lanes.Add(Ack(3));
        Assert.Equal([3L], Take(lanes).Select(frame => frame.OpAck.CommittedSequence));
    }

    [Fact]
    public void What_was_not_ordinary_about_an_op_is_never_overtaken()
    {
        var lanes = new OutboundLanes(0);
        var classified = Ack(1);
        classified.OpAck.Classified.Add(new ClassifiedOp { Sequence = 1, Classification = Classification.Anomaly, Note = "a note" });
        lanes.Add(classified);
        lanes.Add(Ack(2));
        Assert.Equal([1L, 2L], Take(lanes).Select(frame => frame.OpAck.CommittedSequence));
    }

    [Fact]
    public void An_acknowledgement_does_not_pass_what_was_queued_before_it()
    {
        var lanes = new OutboundLanes(0);
        lanes.Add(Ack(1));
        lanes.Add(new HubFrame { Rights = new Rights() });
        lanes.Add(Ack(2));
        Assert.Equal([HubFrame.FrameOneofCase.OpAck, HubFrame.FrameOneofCase.Rights, HubFrame.FrameOneofCase.OpAck], Take(lanes).Select(frame => frame.FrameCase));
    }

    [Fact]
    public void Acknowledgements_of_two_lives_stay_apart()
    {
        var lanes = new OutboundLanes(0);
        lanes.Add(Ack(5, life: 1));
        lanes.Add(Ack(6, life: 2));
        Assert.Equal([5L, 6L], Take(lanes).Select(frame => frame.OpAck.CommittedSequence));
    }

    [Fact]
    public void An_acknowledgement_that_has_left_is_not_changed_any_more()
    {
        var lanes = new OutboundLanes(0);
        lanes.Add(Ack(1));
        var sent = Take(lanes);
        lanes.Add(Ack(2));
        Assert.Equal([1L, 2L], sent.Concat(Take(lanes)).Select(frame => frame.OpAck.CommittedSequence));
    }

    private static HubFrame Ack(long sequence, long life = 1) => new() { OpAck = new OpAck { Incarnation = life, CommittedSequence = sequence } };

    private static List<HubFrame> Take(OutboundLanes lanes)
    {
        var taken = new List<HubFrame>();
        while (lanes.TryTake(out var frame))
        {
            taken.Add(frame);
        }

        return taken;
    }
}
