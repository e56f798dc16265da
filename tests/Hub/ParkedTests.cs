using System.Security.Cryptography;
using Grpc.Core;
using SyncHub.Core.Cases;
using SyncHub.Core.Members;
using SyncHub.Core.Primitives;
using SyncHub.Protos.Mapping;
using SyncHub.Storage;
using SyncHub.Storage.Sealing;
using SyncHub.Storage.Sqlite;
using SyncHub.V1;
using Xunit;
using static SyncHub.Hub.Tests.ScriptedAgent;
using Bucket = SyncHub.Core.Wallets.Bucket;
using OpId = SyncHub.Core.Primitives.OpId;
using OpType = SyncHub.Core.Ops.OpType;

namespace SyncHub.Hub.Tests;

/// <summary>Parked ops at HQ's doors: listed, taken up again, once, and their store goes on meanwhile and after.</summary>
public sealed class ParkedTests
{
    private readonly MemberId _member = MemberId.Create(1_700_000_000_000, RandomNumberGenerator.GetBytes(10));

    [Fact]
    public async Task A_parked_op_and_those_behind_it_are_listed_and_taken_up_once()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var store = await hub.EnrolAsync();
        var cases = new V1.Cases.CasesClient(hub.Channel);
        await store.ConnectAsync();
        await store.LogAsync(OpType.RegisterMember, _member);
        await store.LogAsync(OpType.TopUp, _member, Credit(Bucket.Principal, 500));
        var op = store.Append(OpType.TopUp, _member, Credit(Bucket.Principal, 700));
        await store.DisconnectAsync();
        var version = (await hub.WalletAsync(_member)).Version;
        await hub.RestartAsync(folder => ParkAsync(folder, store, op, version + 1));
        cases = new V1.Cases.CasesClient(hub.Channel);

        await store.ConnectAsync();
        await store.LogAsync(OpType.Sale, _member, Debit(Bucket.Principal, 100)); // behind it
        Assert.Equal(500, (await hub.WalletAsync(_member)).PrincipalMinor);
        var parked = (await cases.ListParkedAsync(new ListParkedRequest(), hub.Admin)).Ops;
        Assert.Equal([3L, 4L], parked.Select(one => one.Op.Sequence));
        Assert.Equal("an older hub could not decide it", parked[0].Reason);

        var resumed = await cases.ResumeParkedAsync(new ResumeParkedRequest { CaseId = parked[1].CaseId, Operator = "kim" }, hub.Admin);
        Assert.Equal(2, resumed.Resumed.Count);
        Assert.Equal(1_100, (await hub.WalletAsync(_member)).PrincipalMinor);
        Assert.Empty((await cases.ListParkedAsync(new ListParkedRequest { MemberId = _member.ToString() }, hub.Admin)).Ops);
        Assert.Equal(CaseState.Closed, (await cases.GetCaseAsync(new GetCaseRequest { CaseId = parked[1].CaseId }, hub.Admin)).State);
        var again = await Assert.ThrowsAsync<RpcException>(async () => await cases.ResumeParkedAsync(new ResumeParkedRequest { CaseId = parked[1].CaseId, Operator = "kim" }, hub.Admin));
        Assert.Equal(StatusCode.FailedPrecondition, again.StatusCode);

        await hub.RestartAsync();
        Assert.Equal(1_100, (await hub.WalletAsync(_member)).PrincipalMinor);
        await store.ConnectAsync();
        Assert.Empty((await store.LogAsync(OpType.Sale, _member, Debit(Bucket.Principal, 100))).Classified);
        Assert.Equal(1_000, (await hub.WalletAsync(_member)).PrincipalMinor);
    }

    // As a hub of an older version would have left it.
    private static async Task ParkAsync(string folder, ScriptedAgent store, Core.Ops.Op op, long version)
    {
        var file = SqliteJournal.Open(Path.Combine(folder, "hub.db"), new SqliteJournalOptions());
        await using var journal = SealedJournal.Reopen(file, KeyRing.Open(Path.Combine(folder, "hub.keys")), new HashSet<string> { "phone", "card" });
        var producer = new ProducerId(store.Holder.Store.Value, store.Holder.Incarnation.Value);
        var parked = new OpParked(new OpId(store.Holder, 3), "an older hub could not decide it");
        var batch = new JournalBatch();
        batch.Facts.Add(new NewFact(producer, 3, store.Hashes[3].ToBytes(), store.Log[2]));
        batch.Records.Add(new NewRecord(0, new StreamId(op.Member.Value), version, EventCodec.Encode(new AppliedEvent(parked, version, 1_000, null), store.Hashes[2]), new FactKey(producer, 3)));
        batch.Cursors.Add(new CursorMove("committed", producer, 3, store.Hashes[3].ToBytes()));
        batch.Documents.Add(new DocumentWrite("case", CaseRules.Parked(op, parked.Place, parked.Reason, 1_000).Id.ToBytes(), CaseCodec.Encode(CaseRules.Parked(op, parked.Place, parked.Reason, 1_000))));
        await journal.CommitAsync(batch);
    }
}
