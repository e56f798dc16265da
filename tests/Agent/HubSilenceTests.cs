using SyncHub.Agent.Sync;

namespace SyncHub.Agent.Tests;

/// <summary>When a store leaves a hub that says nothing.</summary>
public sealed class HubSilenceTests
{
    private readonly SetTime _time = new();
    private readonly HubSilence _silence;

    public HubSilenceTests() => _silence = new HubSilence(_time);

    [Fact]
    public void Whoever_waits_for_nothing_stays_until_two_heartbeats_failed_to_come()
    {
        Pass(47);
        Assert.False(_silence.IsTooLong(owesAcks: false));
        Pass(2);
        Assert.True(_silence.IsTooLong(owesAcks: false));
    }

    [Fact]
    public void An_answer_is_waited_for_from_when_it_was_asked_for()
    {
        Pass(20);
        _silence.OnSent(new V1.AgentFrame { OpBatch = new V1.OpBatch() });
        Assert.False(_silence.IsTooLong(owesAcks: true));
        Pass(5);
        _silence.OnSent(new V1.AgentFrame { Identify = new V1.IdentifyRequest() });
        Pass(4);
        Assert.True(_silence.IsTooLong(owesAcks: true));
    }

    [Fact]
    public void A_heartbeat_of_the_store_is_no_question()
    {
        _silence.OnSent(new V1.AgentFrame { Heartbeat = new V1.AgentHeartbeat() });
        Pass(9);
        Assert.False(_silence.IsTooLong(owesAcks: false));
    }

    [Fact]
    public void A_hub_that_owes_acknowledgements_is_left_although_it_said_something_else_since()
    {
        _silence.OnSent(new V1.AgentFrame { OpBatch = new V1.OpBatch() });
        Pass(7);
        _silence.OnHeard();
        Pass(7);
        Assert.False(_silence.IsTooLong(owesAcks: true));
        Pass(2);
        Assert.True(_silence.IsTooLong(owesAcks: true));
        Assert.False(_silence.IsTooLong(owesAcks: false));
    }

    private void Pass(int seconds) => _time.Seconds += seconds;

    private sealed class SetTime : TimeProvider
    {
        public long Seconds { get; set; } = 100;

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Seconds;
    }
}
