using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;
using Google.Protobuf;
using Grpc.Core;
using SyncHub.Core.Primitives;
using SyncHub.V1;
using Xunit;
using static SyncHub.Hub.Tests.ScriptedAgent;
using Bucket = SyncHub.Core.Wallets.Bucket;
using OpType = SyncHub.Core.Ops.OpType;

namespace SyncHub.Hub.Tests;

/// <summary>The hub over real sockets and a real database, spoken to by an agent that is played by hand.</summary>
public sealed class HubTests
{
    private static MemberId NewMember() => MemberId.Create(1_700_000_000_000, RandomNumberGenerator.GetBytes(10));

    [Fact]
    public async Task A_store_that_tries_number_after_number_soon_gets_no_more_answers_and_members_are_found_as_ever()
    {
        var time = new ShiftedTime();
        await using var hub = await HubFixture.StartAsync(options => options with { Time = time });
        await using var store = await hub.EnrolAsync();
        await store.ConnectAsync();
        var member = MemberId.Create(1_700_000_000_000, RandomNumberGenerator.GetBytes(10));
        store.AppendRegistration(member, "5550100", "card-1");
        await store.SendOpsAsync();
        await store.AckAsync(1);
        var answered = 0;
        for (var number = 1; number <= Hub.Sync.MissLimit.AtOnce + 500; number++)
        {
            await AskAsync(number, $"556{number:D7}");
        }

        // The answer to a number that somebody has comes after all those before it.
        await AskAsync(20_001, "5550100");
        await store.ReadUntilAsync(frame => Count(frame).IdentifyReply is { Request: 20_001, Found: true }, "the member");
        Assert.InRange(answered, Hub.Sync.MissLimit.AtOnce, Hub.Sync.MissLimit.AtOnce + 400); // and one for each second that this took

        time.Forward(TimeSpan.FromMinutes(1));
        await AskAsync(20_002, "5569999999");
        await store.ReadUntilAsync(frame => frame.IdentifyReply is { Request: 20_002, Found: false }, "an answer, because time has passed");

        Task AskAsync(long request, string phone) => store.SendAsync(new AgentFrame { Identify = new IdentifyRequest { Nonce = store.Nonce, Request = request, Phone = phone } });

        HubFrame Count(HubFrame frame)
        {
            answered += frame.IdentifyReply is { Found: false } ? 1 : 0;
            return frame;
        }
    }

    [Fact]
    public async Task An_op_is_in_the_ledger_when_it_is_acknowledged()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var store = await hub.EnrolAsync();
        var member = NewMember();
        await store.ConnectAsync();

        await store.LogAsync(OpType.RegisterMember, member);
        var ack = await store.LogAsync(OpType.TopUp, member, Credit(Bucket.Principal, 10_000));

        Assert.Equal(2, ack.CommittedSequence);
        Assert.Equal(store.Hashes[2].ToBytes(), ack.CommittedHash.ToByteArray());
        var wallet = await hub.WalletAsync(member);
        Assert.Equal(10_000, wallet.PrincipalMinor);
        Assert.Equal(10_000, Assert.Single(Assert.Single(wallet.Buckets).Lines).Outstanding);
    }

    [Fact]
    public async Task The_same_ops_sent_again_are_applied_once()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var store = await hub.EnrolAsync();
        var member = NewMember();
        await store.ConnectAsync();
        await store.LogAsync(OpType.RegisterMember, member);
        await store.LogAsync(OpType.TopUp, member, Credit(Bucket.Principal, 700));

        await store.SendOpsAsync(from: 1);
        await store.SendOpsAsync(from: 2);
        await store.LogAsync(OpType.Sale, member, Debit(Bucket.Principal, 200));

        Assert.Equal(500, (await hub.WalletAsync(member)).PrincipalMinor);
    }

    [Fact]
    public async Task A_store_whose_acknowledgement_was_lost_is_told_again_without_a_new_op()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var store = await hub.EnrolAsync();
        await store.ConnectAsync();
        await store.LogAsync(OpType.RegisterMember, NewMember());

        await store.SendOpsAsync(from: 1); // as an agent does that never heard of the acknowledgement

        Assert.Equal(1, (await store.AckAsync(1)).CommittedSequence);
    }

    [Fact]
    public async Task A_gap_ends_the_stream_and_nothing_after_it_is_taken()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var store = await hub.EnrolAsync();
        var member = NewMember();
        await store.ConnectAsync();
        store.Append(OpType.RegisterMember, member);
        store.Append(OpType.TopUp, member, Credit(Bucket.Principal, 700));

        await store.SendOpsAsync(from: 2);
        var fault = await Assert.ThrowsAsync<RpcException>(() => store.AckAsync(2));

        Assert.Equal(StatusCode.FailedPrecondition, fault.StatusCode);
        Assert.Contains("Gap", fault.Status.Detail, StringComparison.Ordinal);
        Assert.Equal(0, (await store.ConnectAsync()).CommittedSequence);
    }

    [Fact]
    public async Task A_second_history_under_one_identity_is_refused()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var store = await hub.EnrolAsync();
        await store.ConnectAsync();
        await store.LogAsync(OpType.RegisterMember, NewMember());
        await store.DisconnectAsync();
        store.Log.Clear();
        store.Hashes.RemoveRange(1, store.Hashes.Count - 1);
        store.Append(OpType.RegisterMember, NewMember());

        Assert.Null(await store.ConnectAsync()); // Stale, not Welcome
    }

    [Fact]
    public async Task Bytes_that_are_no_op_are_kept_in_their_place_and_reported()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var store = await hub.EnrolAsync();
        await store.ConnectAsync();
        store.AppendBytes([0xff, 0xff, 0xff, 0x01]);

        await store.SendOpsAsync();
        var ack = await store.AckAsync(1);

        Assert.Equal(Classification.Anomaly, Assert.Single(ack.Classified).Classification);
        Assert.Equal(2, (await store.LogAsync(OpType.RegisterMember, NewMember())).CommittedSequence);
    }

    [Theory]
    [InlineData(99)]
    [InlineData(0)]
    public async Task An_op_type_of_another_version_is_kept_and_moves_no_money(int type)
    {
        await using var hub = await HubFixture.StartAsync();
        await using var store = await hub.EnrolAsync();
        var member = NewMember();
        await store.ConnectAsync();

        var ack = await store.LogAsync((OpType)type, member, Credit(Bucket.Principal, 100));

        Assert.Equal(Classification.Anomaly, Assert.Single(ack.Classified).Classification);
        Assert.Equal(0, (await hub.WalletAsync(member)).PrincipalMinor);
    }

    [Fact]
    public async Task A_spend_without_a_right_is_accepted_as_a_fact_and_borne_by_the_store()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var store = await hub.EnrolAsync();
        var member = NewMember();
        await store.ConnectAsync();
        await store.LogAsync(OpType.RegisterMember, member);

        var ack = await store.LogAsync(OpType.Sale, member, Debit(Bucket.Principal, 300));

        Assert.Equal(Classification.Anomaly, Assert.Single(ack.Classified).Classification);
        var bucket = Assert.Single((await hub.WalletAsync(member)).Buckets);
        Assert.Equal((0, 300), (bucket.Total, bucket.LossMinor));
    }

    [Fact]
    public async Task A_store_gives_up_its_rights_live_so_that_another_can_sell()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var a = await hub.EnrolAsync();
        await using var b = await hub.EnrolAsync();
        var member = NewMember();
        await a.ConnectAsync();
        await b.ConnectAsync();
        await a.LogAsync(OpType.RegisterMember, member);
        await a.LogAsync(OpType.TopUp, member, Credit(Bucket.Principal, 5_000));

        await b.AskAsync(7, member, Bucket.Principal, 5_000, RightsReason.Checkout);
        var ask = (await a.ReadUntilAsync(frame => frame.RevokeAsk is not null, "revoke")).RevokeAsk;
        await a.LogAsync(OpType.Relinquish, member, Relinquish(Bucket.Principal, 5_000));
        await a.AnswerRevokeAsync(ask);
        var reply = (await b.ReadUntilAsync(frame => frame.RightsReply?.Request == 7, "rights")).RightsReply;

        Assert.Equal(5_000, Assert.Single(reply.Rights.Lines).Granted);
        var ack = await b.LogAsync(OpType.Sale, member, Debit(Bucket.Principal, 5_000));
        Assert.Empty(ack.Classified);
        Assert.Equal(0, (await hub.WalletAsync(member)).PrincipalMinor);
    }

    [Fact]
    public async Task A_store_that_does_not_answer_a_revoke_delays_the_till_only_until_the_deadline()
    {
        await using var hub = await HubFixture.StartAsync(options => options with { Placement = new() { RevokeDeadlineMs = 100 } });
        await using var a = await hub.EnrolAsync();
        await using var b = await hub.EnrolAsync();
        var member = NewMember();
        await a.ConnectAsync();
        await b.ConnectAsync();
        await a.LogAsync(OpType.RegisterMember, member);
        await a.LogAsync(OpType.TopUp, member, Credit(Bucket.Principal, 5_000));

        await b.AskAsync(8, member, Bucket.Principal, 5_000, RightsReason.Checkout);
        var reply = (await b.ReadUntilAsync(frame => frame.RightsReply?.Request == 8, "answer")).RightsReply;

        Assert.Empty(reply.Rights.Lines);
        var elsewhere = Assert.Single(reply.Elsewhere);
        Assert.Equal((a.Holder.Store.Value, 5_000, true), (elsewhere.Store, elsewhere.AmountMinor, elsewhere.Online));
    }

    [Fact]
    public async Task A_repeated_request_grants_once_because_targets_are_absolute()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var a = await hub.EnrolAsync();
        await using var b = await hub.EnrolAsync();
        var member = NewMember();
        await a.ConnectAsync();
        await b.ConnectAsync();
        await a.LogAsync(OpType.RegisterMember, member);
        await a.LogAsync(OpType.TopUp, member, Credit(Bucket.Principal, 1_000));
        await a.LogAsync(OpType.Relinquish, member, Relinquish(Bucket.Principal, 1_000));

        await b.AskAsync(1, member, Bucket.Principal, 400, RightsReason.Prefetch);
        await b.AskAsync(2, member, Bucket.Principal, 400, RightsReason.Prefetch);
        await b.ReadUntilAsync(frame => frame.RightsReply?.Request == 2, "second answer");

        var bucket = Assert.Single((await hub.WalletAsync(member)).Buckets);
        Assert.Equal(400, bucket.Lines.Single(line => line.Store == b.Holder.Store.Value).Granted);
        Assert.Equal(600, bucket.Pool);
    }

    [Fact]
    public async Task A_restarted_hub_goes_on_where_it_stopped()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var store = await hub.EnrolAsync();
        var member = NewMember();
        await store.ConnectAsync();
        await store.LogAsync(OpType.RegisterMember, member);
        for (var i = 0; i < 100; i++) // past a snapshot
        {
            await store.LogAsync(OpType.TopUp, member, Credit(Bucket.Principal, 10));
        }

        var before = await hub.WalletAsync(member);
        await hub.RestartAsync();

        Assert.Equal(before, await hub.WalletAsync(member));
        var welcome = await store.ConnectAsync();
        Assert.Equal(101, welcome.CommittedSequence);
        await store.LogAsync(OpType.Sale, member, Debit(Bucket.Principal, 1_000));
        Assert.Equal(0, (await hub.WalletAsync(member)).PrincipalMinor);
    }

    [Fact]
    public async Task A_store_that_was_away_is_told_what_changed_since_its_cursor()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var a = await hub.EnrolAsync();
        await using var b = await hub.EnrolAsync();
        var member = NewMember();
        await a.ConnectAsync();
        await b.ConnectAsync();
        await a.LogAsync(OpType.RegisterMember, member);
        await b.LogAsync(OpType.TopUp, member, Credit(Bucket.Principal, 50));
        await b.ReadUntilAsync(frame => frame.FeedMark?.Position >= 2, "feed mark");
        await b.DisconnectAsync();
        await a.LogAsync(OpType.TopUp, member, Credit(Bucket.Principal, 70));

        await b.ConnectAsync();
        var delta = (await b.ReadUntilAsync(frame => frame.MemberDelta is not null, "member change")).MemberDelta;

        Assert.Equal(120, delta.Holdings.Sum(holding => holding.AmountMinor));
        Assert.Equal(50, Assert.Single(delta.OwnLines).Credited);
    }

    [Fact]
    public async Task Members_beyond_the_memory_budget_are_evicted_and_come_back_whole()
    {
        await using var hub = await HubFixture.StartAsync(options => options with { GrainBudget = 8, Partitions = 8 });
        await using var store = await hub.EnrolAsync();
        await store.ConnectAsync();
        var members = Enumerable.Range(0, 200).Select(_ => NewMember()).ToArray();
        foreach (var member in members)
        {
            store.Append(OpType.RegisterMember, member);
            store.Append(OpType.TopUp, member, Credit(Bucket.Principal, 100));
        }

        await store.SendOpsAsync();
        await store.AckAsync(400);
        foreach (var member in members)
        {
            store.Append(OpType.Sale, member, Debit(Bucket.Principal, 40));
        }

        await store.SendOpsAsync(401);
        Assert.Empty((await store.AckAsync(600)).Classified);

        foreach (var member in members)
        {
            Assert.Equal(60, (await hub.WalletAsync(member)).PrincipalMinor);
        }

        var list = await hub.Stores.ListStoresAsync(new ListStoresRequest(), hub.Admin);
        Assert.InRange(list.ActiveGrains, 1, 60);
        Assert.Equal(200 * 60, Assert.Single(list.Stores).ExposureMinor);
    }

    [Fact]
    public async Task Doors_are_locked_for_whoever_has_no_key()
    {
        await using var hub = await HubFixture.StartAsync();

        async Task<StatusCode> CodeOf(Func<Task> call) => (await Assert.ThrowsAsync<RpcException>(call)).StatusCode;
        Assert.Equal(StatusCode.Unauthenticated, await CodeOf(async () => await hub.Stores.ListStoresAsync(new ListStoresRequest())));
        Assert.Equal(StatusCode.Unauthenticated, await CodeOf(async () => await hub.Members.GetMemberAsync(new GetMemberRequest(), new Metadata { { "authorization", "Bearer guess" } })));
        using var http = new HttpClient();
        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, (await http.GetAsync(new Uri($"http://127.0.0.1:{hub.HttpPort}/api/stores"))).StatusCode);
    }

    [Fact]
    public async Task An_enrolment_code_works_once_and_cannot_be_guessed_at_will()
    {
        await using var hub = await HubFixture.StartAsync();
        var made = await hub.Stores.CreateStoreAsync(new CreateStoreRequest { Name = "Harbour" }, hub.Admin);
        var enrolment = new Enrolment.EnrolmentClient(hub.Channel);

        var first = await enrolment.EnrolAsync(new EnrolRequest { Code = made.EnrolmentCode.ToLowerInvariant() });
        Assert.Equal("Harbour", first.StoreName);
        var again = await Assert.ThrowsAsync<RpcException>(async () => await enrolment.EnrolAsync(new EnrolRequest { Code = made.EnrolmentCode }));
        Assert.Contains(again.StatusCode, new[] { StatusCode.PermissionDenied, StatusCode.ResourceExhausted });
        var code = again.StatusCode;
        for (var i = 0; i < 30 && code != StatusCode.ResourceExhausted; i++)
        {
            code = (await Assert.ThrowsAsync<RpcException>(async () => await enrolment.EnrolAsync(new EnrolRequest { Code = "GUESS" }))).StatusCode;
        }

        Assert.Equal(StatusCode.ResourceExhausted, code);
    }

    [Fact]
    public async Task Members_made_at_HQ_are_found_by_phone_and_card_and_only_once()
    {
        await using var hub = await HubFixture.StartAsync();
        var profile = new MemberProfile { Name = "Li", Phone = "13800000000", Card = "C-1" };

        var made = await hub.Members.CreateMemberAsync(new CreateMemberRequest { Profile = profile }, hub.Admin);
        var byPhone = await hub.Members.FindMemberAsync(new FindMemberRequest { Phone = "13800000000" }, hub.Admin);
        var byCard = await hub.Members.FindMemberAsync(new FindMemberRequest { Card = "C-1" }, hub.Admin);
        var twice = await Assert.ThrowsAsync<RpcException>(async () => await hub.Members.CreateMemberAsync(new CreateMemberRequest { Profile = profile }, hub.Admin));

        Assert.Equal(made.MemberId, byPhone.MemberId);
        Assert.Equal(made.MemberId, byCard.MemberId);
        Assert.Equal(StatusCode.AlreadyExists, twice.StatusCode);
    }

    [Fact]
    public async Task The_entries_of_a_wallet_say_how_it_came_about()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var store = await hub.EnrolAsync();
        var member = NewMember();
        await store.ConnectAsync();
        await store.LogAsync(OpType.RegisterMember, member);
        await store.LogAsync(OpType.TopUp, member, Credit(Bucket.Principal, 900));
        await store.LogAsync(OpType.Sale, member, Debit(Bucket.Principal, 250));

        using var call = hub.Wallets.ListEntries(new ListEntriesRequest { MemberId = member.ToString() }, hub.Admin);
        var entries = await call.ResponseStream.ReadAllAsync().ToListAsync();

        Assert.Equal([V1.OpType.RegisterMember, V1.OpType.TopUp, V1.OpType.Sale], entries.Select(entry => entry.Type));
        Assert.Equal(650, entries.Sum(entry => entry.Moves.Sum(move => move.Kind == V1.MoveKind.Credit ? move.AmountMinor : -move.AmountMinor)));
    }

    [Fact]
    public async Task The_JSON_view_shows_the_stores()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var store = await hub.EnrolAsync();
        await store.ConnectAsync();
        await store.LogAsync(OpType.RegisterMember, NewMember());
        using var http = new HttpClient();
        http.DefaultRequestHeaders.Authorization = AuthenticationHeaderValue.Parse(hub.Admin.GetValue("authorization")!);

        using var json = JsonDocument.Parse(await http.GetStringAsync(new Uri($"http://127.0.0.1:{hub.HttpPort}/api/stores")));

        var state = json.RootElement.GetProperty("stores")[0];
        Assert.True(state.GetProperty("online").GetBoolean());
        Assert.Equal("1", state.GetProperty("committed_sequence").GetString());
    }

    [Fact]
    public async Task Garbage_on_the_ports_hurts_nobody()
    {
        await using var hub = await HubFixture.StartAsync();
        foreach (var port in new[] { hub.GrpcPort, hub.HttpPort })
        {
            using var socket = new TcpClient();
            await socket.ConnectAsync("127.0.0.1", port);
            await socket.GetStream().WriteAsync(RandomNumberGenerator.GetBytes(4096));
        }

        await using var store = await hub.EnrolAsync();
        await store.ConnectAsync();
        await store.SendAsync(new AgentFrame());
        Assert.Equal(1, (await store.LogAsync(OpType.RegisterMember, NewMember())).CommittedSequence);
    }

    [Fact]
    public async Task A_hub_refuses_to_speak_in_the_clear_on_a_network()
    {
        var options = new HubOptions { DataDirectory = "x", Address = System.Net.IPAddress.Any, InsecureLoopback = true, Partitions = 0, Ruleset = "nobody", PlacementFile = "nowhere.json" };

        var fault = await Assert.ThrowsAsync<ArgumentException>(() => HubHost.StartAsync(options, null, CancellationToken.None));

        Assert.Contains("--insecure-loopback", fault.Message, StringComparison.Ordinal);
        Assert.Contains("--partitions", fault.Message, StringComparison.Ordinal);
        Assert.Contains("--ruleset", fault.Message, StringComparison.Ordinal);
        Assert.Contains("--placement", fault.Message, StringComparison.Ordinal);
    }
}
