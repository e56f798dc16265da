using SyncHub.Agent.Hosting;
using SyncHub.Agent.Sync;

namespace SyncHub.Agent.Tests;

/// <summary>Which hub is called next.</summary>
public sealed class HubRotaTests
{
    private const string A = "https://a:1";
    private const string B = "https://b:2";
    private const string C = "https://c:3";

    [Fact]
    public void One_hub_is_called_once_in_a_round()
    {
        var rota = new HubRota([A]);
        rota.BeginRound();
        Assert.False(rota.MoveOn());
        Assert.Equal(A, rota.Current);
    }

    [Fact]
    public void A_round_calls_each_hub_once_and_the_next_one_begins_where_it_ended()
    {
        var rota = new HubRota([A, B, C]);
        Assert.Equal([A, B, C], Round(rota));
        Assert.Equal([A, B, C], Round(rota));
        rota.MoveOn(); // a connection that had lived ended: whoever comes next may lead now
        Assert.Equal([B, C, A], Round(rota));
    }

    [Fact]
    public void Who_stands_by_says_who_is_called_next()
    {
        var rota = new HubRota([A, B, C]);
        rota.BeginRound();
        Assert.True(rota.MoveOn("https://C:3/"));
        Assert.Equal(C, rota.Current);
        Assert.True(rota.MoveOn(A)); // the leader that was is dead and was called already: the others still have their turn
        Assert.Equal(B, rota.Current);
        Assert.False(rota.MoveOn());
    }

    [Fact]
    public void A_leader_that_nobody_told_this_store_of_is_not_called()
    {
        var rota = new HubRota([A, B]);
        rota.BeginRound();
        Assert.True(rota.MoveOn("https://elsewhere:9"));
        Assert.Equal(B, rota.Current);
        Assert.False(rota.MoveOn("no address"));
    }

    [Fact]
    public void The_first_that_stood_by_in_a_round_forwards_in_that_round()
    {
        var rota = new HubRota([A, B, C]);
        Assert.True(rota.HasOthers);
        rota.BeginRound();
        rota.MoveOn();
        rota.NoteStandby();
        rota.MoveOn();
        rota.NoteStandby();
        Assert.Equal(B, rota.Forwarder);
        rota.BeginRound(); // it may lead by now, or be gone
        Assert.Null(rota.Forwarder);
    }

    [Theory]
    [InlineData("https://a:1,https://b:2", "")]
    [InlineData("https://a:1, https://b:2,", "")]
    [InlineData("", "HubAddress")]
    [InlineData("https://a:1,b:2", "'b:2'")]
    [InlineData("https://a:1,https://A:1", "twice")]
    public void Several_hubs_are_named_with_commas(string hubs, string fault)
    {
        using var folder = new TempFolder();
        var faults = new AgentOptions { DataDirectory = folder.Path, HubAddress = hubs }.FindFaults();
        Assert.Equal(fault.Length > 0, faults.Count > 0);
        Assert.All(faults, found => Assert.Contains(fault, found, StringComparison.Ordinal));
    }

    private static List<string> Round(HubRota rota)
    {
        List<string> called = [rota.Current];
        rota.BeginRound();
        while (rota.MoveOn())
        {
            called.Add(rota.Current);
        }

        return called;
    }
}
