using System.Security.Cryptography;
using Google.Protobuf;
using SyncHub.Core.Primitives;
using SyncHub.Protos.Mapping;
using SyncHub.Storage;
using SyncHub.Storage.Sealing;
using SyncHub.Storage.Sqlite;
using SyncHub.V1;
using Xunit;
using static SyncHub.Hub.Tests.ScriptedAgent;
using Bucket = SyncHub.Core.Wallets.Bucket;
using OpType = SyncHub.Core.Ops.OpType;

namespace SyncHub.Hub.Tests;

/// <summary>Receipts handed in at HQ: what the hub believes, what it counts, and that it counts it once.</summary>
public sealed class ReceiptTests
{
    private readonly MemberId _member = MemberId.Create(1_700_000_000_000, RandomNumberGenerator.GetBytes(10));

    [Fact]
    public async Task A_receipt_of_an_op_that_is_here_is_known_and_a_changed_or_foreign_one_is_refused()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var store = await hub.EnrolAsync();
        await using var other = await hub.EnrolAsync();
        var key = await KeyAsync(store);
        var foreign = await KeyAsync(other);
        await store.LogAsync(OpType.RegisterMember, _member);
        await store.LogAsync(OpType.TopUp, _member, Credit(Bucket.Principal, 700));
        var code = CodeOf(store, 2, key);

        Assert.Equal(ReceiptOutcome.Known, await HandInAsync(hub, code));
        Assert.Equal(ReceiptOutcome.Refused, await HandInAsync(hub, CodeOf(store, 2, foreign)));
        Assert.Equal(ReceiptOutcome.Refused, await HandInAsync(hub, ReceiptCodec.Encode(key, store.Hashes[0], store.Log[1])[..^3] + "000"));
        Assert.Equal(ReceiptOutcome.Refused, await HandInAsync(hub, "SH1:nonsense"));
        Assert.Equal(ReceiptOutcome.Refused, await HandInAsync(hub, CodeOf(store, 1, key))); // a registration is no receipt
        Assert.Equal(700, (await hub.WalletAsync(_member)).PrincipalMinor);
    }

    [Fact]
    public async Task A_receipt_of_a_store_that_can_still_report_waits_and_its_own_report_counts_once()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var store = await hub.EnrolAsync();
        var key = await KeyAsync(store);
        await store.LogAsync(OpType.RegisterMember, _member);
        store.Append(OpType.TopUp, _member, Credit(Bucket.Principal, 700));

        Assert.Equal(ReceiptOutcome.WillCome, await HandInAsync(hub, CodeOf(store, 2, key)));
        Assert.Equal(0, (await hub.WalletAsync(_member)).PrincipalMinor);
        await store.SendOpsAsync(from: 2);
        await store.AckAsync(2);

        Assert.Equal(ReceiptOutcome.Known, await HandInAsync(hub, CodeOf(store, 2, key)));
        Assert.Equal(700, (await hub.WalletAsync(_member)).PrincipalMinor);
    }

    [Fact]
    public async Task Receipts_of_a_store_that_was_given_up_are_taken_in_once_in_any_order_with_gaps()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var store = await hub.EnrolAsync();
        var key = await KeyAsync(store);
        await store.LogAsync(OpType.RegisterMember, _member);
        foreach (var amount in new[] { 100, 200, 400, 800 })
        {
            store.Append(OpType.TopUp, _member, Credit(Bucket.Principal, amount));
        }

        await HandInAsync(hub, CodeOf(store, 3, key)); // waits
        await store.DisconnectAsync();
        await ReclaimAsync(hub, store);
        await HubFixture.UntilAsync(async () => (await hub.WalletAsync(_member)).PrincipalMinor == 200); // the one that waited, without a restart

        Assert.Equal(ReceiptOutcome.TakenIn, await HandInAsync(hub, CodeOf(store, 5, key)));
        Assert.Equal(ReceiptOutcome.TakenIn, await HandInAsync(hub, CodeOf(store, 4, key)));
        await HandInAsync(hub, CodeOf(store, 5, key));
        await HubFixture.UntilAsync(async () => (await hub.WalletAsync(_member)).PrincipalMinor == 1_400);
        await hub.RestartAsync();
        await HandInAsync(hub, CodeOf(store, 5, key));
        await HandInAsync(hub, CodeOf(store, 2, key));
        await HubFixture.UntilAsync(async () => (await hub.WalletAsync(_member)).PrincipalMinor == 1_500);
    }

    // The machine was restored: what it printed before and after has one number, and both members paid.
    [Fact]
    public async Task Two_receipts_of_one_number_wait_side_by_side_through_a_restart_and_both_count_when_the_store_is_given_up()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var store = await hub.EnrolAsync();
        await using var restored = store.CopyOnOtherMachine();
        var key = await KeyAsync(store);
        await store.LogAsync(OpType.RegisterMember, _member);
        restored.AppendBytes(store.Log[0]);
        store.Append(OpType.TopUp, _member, Credit(Bucket.Principal, 700));
        restored.Append(OpType.TopUp, _member, Credit(Bucket.Principal, 40));

        Assert.Equal(ReceiptOutcome.WillCome, await HandInAsync(hub, CodeOf(store, 2, key)));
        Assert.Equal(ReceiptOutcome.WillCome, await HandInAsync(hub, CodeOf(restored, 2, key)));
        await store.DisconnectAsync();
        await hub.RestartAsync();
        await ReclaimAsync(hub, store);
        await HubFixture.UntilAsync(async () => (await hub.WalletAsync(_member)).PrincipalMinor == 740);
        Assert.Equal(ReceiptOutcome.Known, await HandInAsync(hub, CodeOf(store, 2, key)));
    }

    [Fact]
    public async Task A_receipt_that_a_hub_of_before_kept_counts_when_the_store_is_given_up()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var store = await hub.EnrolAsync();
        var key = await KeyAsync(store);
        await store.LogAsync(OpType.RegisterMember, _member);
        var op = store.Append(OpType.TopUp, _member, Credit(Bucket.Principal, 700)).Id;
        await store.DisconnectAsync();
        await hub.RestartAsync(async folder =>
        {
            await using var journal = SealedJournal.Reopen(SqliteJournal.Open(Path.Combine(folder, "hub.db"), new SqliteJournalOptions()), KeyRing.Open(Path.Combine(folder, "hub.keys")), new HashSet<string> { "phone", "card" });
            var kept = new JournalBatch();
            kept.Documents.Add(new DocumentWrite("receipt", ReceiptCodec.KeyOf(op, 0), ReceiptCodec.TryRead(CodeOf(store, 2, key))!.ToByteArray()));
            await journal.CommitAsync(kept);
        });
        await ReclaimAsync(hub, store);
        await HubFixture.UntilAsync(async () => (await hub.WalletAsync(_member)).PrincipalMinor == 700);
    }

    [Fact]
    public async Task A_receipt_that_waits_is_forgotten_when_its_op_comes_in_its_log()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var store = await hub.EnrolAsync();
        var key = await KeyAsync(store);
        await store.LogAsync(OpType.RegisterMember, _member);
        store.Append(OpType.TopUp, _member, Credit(Bucket.Principal, 700));
        await HandInAsync(hub, CodeOf(store, 2, key));
        await store.SendOpsAsync(from: 2);
        await store.AckAsync(2);
        await store.DisconnectAsync();
        await ReclaimAsync(hub, store);

        await hub.RestartAsync();
        Assert.Equal(700, (await hub.WalletAsync(_member)).PrincipalMinor);
    }

    [Fact]
    public async Task Another_stores_agent_hands_a_receipt_in_and_is_told_what_came_of_it()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var lost = await hub.EnrolAsync();
        await using var carrier = await hub.EnrolAsync();
        var key = await KeyAsync(lost);
        await lost.LogAsync(OpType.RegisterMember, _member);
        lost.Append(OpType.TopUp, _member, Credit(Bucket.Principal, 700));
        await lost.DisconnectAsync();
        await carrier.ConnectAsync();
        await carrier.HandInAsync(1, CodeOf(lost, 2, key));
        var reply = (await carrier.ReadUntilAsync(frame => frame.OutOfBandReply is { Request: 1 }, "an answer to a receipt")).OutOfBandReply;
        Assert.Equal((ReceiptOutcome.WillCome, 2L), (reply.Outcome, reply.Op.Sequence));

        await ReclaimAsync(hub, lost);
        await HubFixture.UntilAsync(async () => (await hub.WalletAsync(_member)).PrincipalMinor == 700);
        await carrier.HandInAsync(2, CodeOf(lost, 1, key));
        Assert.Equal(ReceiptOutcome.Refused, (await carrier.ReadUntilAsync(frame => frame.OutOfBandReply is { Request: 2 }, "a refusal")).OutOfBandReply.Outcome);
    }

    private static string CodeOf(ScriptedAgent store, int sequence, byte[] key) => ReceiptCodec.Encode(key, store.Hashes[sequence - 1], store.Log[sequence - 1]);

    private static async Task<byte[]> KeyAsync(ScriptedAgent store)
    {
        await store.ConnectAsync();
        return (await store.ReadUntilAsync(frame => frame.ReceiptKey is not null, "the key of receipts")).ReceiptKey.Key.ToByteArray();
    }

    private static async Task<ReceiptOutcome> HandInAsync(HubFixture hub, string code) =>
        (await new V1.Receipts.ReceiptsClient(hub.Channel).HandInAsync(new HandInReceiptRequest { Code = code }, hub.Admin)).Outcome;

    private static async Task ReclaimAsync(HubFixture hub, ScriptedAgent store) =>
        await hub.Stores.ReclaimAsync(new ReclaimRequest { Store = store.Holder.Store.Value, Approver = "kim" }, hub.Admin);
}
