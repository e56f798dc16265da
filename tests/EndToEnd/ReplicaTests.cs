using System.Text;
using Google.Protobuf;
using SyncHub.Core.Primitives;
using SyncHub.Storage;
using SyncHub.Storage.Sealing;
using SyncHub.Storage.Sqlite;
using SyncHub.Storage.Sqlite.Audit;
using SyncHub.V1;
using Xunit;

namespace SyncHub.EndToEnd.Tests;

/// <summary>A store has the data of the members that it met, and of nobody else, looked for in its opened database with its own keys.</summary>
public sealed class ReplicaTests
{
    private const string Name = "Quentin Unmistakable";
    private const string Phone = "5550123456";

    [Fact]
    public async Task A_store_that_never_met_a_member_has_no_trace_of_it_until_it_meets_it()
    {
        await using var chain = await Chain.StartAsync(stores: 2);
        var (home, other) = (chain.Shops[0], chain.Shops[1]);
        var member = (await home.Till.RegisterAsync(new RegisterRequest { RequestId = "r", Name = Name, Phone = Phone })).Member.MemberId;
        await home.TopUpAsync(member, 6_000);
        Assert.NotNull((await home.SellAsync(member, 1_000)).Receipt);
        var own = await other.RegisterAsync("c-1");
        Assert.NotNull((await other.TopUpAsync(own, 900)).Receipt);
        await chain.ConvergeAsync(); // the other store has heard of every change that it is told of

        Assert.NotEmpty(await TracesAsync(home, member)); // the search finds what is there
        Assert.Empty(await TracesAsync(other, member, Name, Phone));
        Assert.NotEmpty(await TracesAsync(other, own));

        await other.OnlineAsync();
        Assert.NotNull(await other.IdentifyAsync(member));
        await chain.ConvergeAsync();
        Assert.NotEmpty(await TracesAsync(other, member));
    }

    [Fact]
    public async Task A_member_who_no_longer_comes_leaves_the_store_s_database_and_comes_back_with_all_that_is_theirs()
    {
        await using var chain = await Chain.StartAsync(stores: 2);
        var (home, other) = (chain.Shops[0], chain.Shops[1]);
        var member = (await home.Till.RegisterAsync(new RegisterRequest { RequestId = "r", Name = Name, Phone = Phone })).Member.MemberId;
        await home.TopUpAsync(member, 6_000);
        await chain.ConvergeAsync();
        Assert.NotNull((await other.SellAsync(member, 1_000)).Receipt);
        await chain.ConvergeAsync();
        Assert.NotEmpty(await TracesAsync(other, member, Name));

        other.With = options => options with { WalkInterval = TimeSpan.FromMilliseconds(50) };
        await UnseenSince1970Async(other, member);
        await Until.TrueAsync(async () => (await other.Till.StatusAsync(new StatusRequest())).Members == 0, "the store has unfollowed the member");
        await chain.ConvergeAsync();

        // Right lines and the log stay, in which the member is a number; nothing that says who it is, or finds it.
        Assert.Empty(await TracesAsync(other, "", Name, Phone));
        Assert.DoesNotContain(await TracesAsync(other, member), trace => trace is "replica" or "profile" or "phone" or "card" or "edits");
        Assert.NotNull((await home.TopUpAsync(member, 500)).Receipt);
        await chain.ConvergeAsync();
        Assert.Equal(0, (await other.Till.StatusAsync(new StatusRequest())).Members); // it is not told of the member any more

        other.Cut();
        await other.OfflineAsync();
        var unknown = await other.SellAsync(member, 100);
        Assert.Equal(RejectionCode.UnknownMember, unknown.Rejection.Code);
        other.Heal();
        await other.OnlineAsync();
        Assert.NotNull((await other.SellAsync(member, 5_500)).Receipt); // all of it: what lay at the other store came, and nothing is there twice
        Assert.NotNull((await other.SellAsync(member, 1)).Rejection);
        await chain.ConvergeAsync();
        Assert.Equal(0, (await chain.WalletAsync(member)).PrincipalMinor);

        var report = await chain.AuditAsync();
        Assert.True(report.Findings.Count == 0, string.Join('\n', report.Findings));
    }

    // As after years in which no till met the member.
    private static async Task UnseenSince1970Async(Chain.Shop shop, string member)
    {
        await shop.StopAsync();
        Assert.True(MemberId.TryParse(member, out var id));
        var path = Path.Combine(shop.Folder, "agent.db");
        await using (var journal = await SealedJournal.OpenAsync(SqliteJournal.Open(path, new SqliteJournalOptions()), KeyRing.Of(path, shop.Folder + ".keys"), new HashSet<string> { "phone", "card" }))
        {
            var lines = AgentLines.Parser.ParseFrom(journal.ReadDocument("lines", id.ToBytes()));
            lines.LastUsedMs = 1;
            var batch = new JournalBatch();
            batch.Documents.Add(new DocumentWrite("lines", id.ToBytes(), lines.ToByteArray()));
            await journal.CommitAsync(batch);
        }

        await shop.StartAsync();
        await shop.OnlineAsync();
    }

    // Whatever collection it may lie in, as key or in a value: the member's number, name or phone.
    private static async Task<List<string>> TracesAsync(Chain.Shop shop, string member, params string[] texts)
    {
        await shop.StopAsync();
        byte[][] wanted = [.. texts.Select(Encoding.UTF8.GetBytes), .. MemberId.TryParse(member, out var id) ? (byte[][])[id.ToBytes(), Encoding.UTF8.GetBytes(member)] : []];
        var traces = new List<string>();
        var path = Path.Combine(shop.Folder, "agent.db");
        string[] collections;
        ProducerId[] producers;
        using (var rows = JournalFileReader.Open(path))
        {
            collections = [.. rows.Documents().Select(row => row.Collection).Where(name => name != "seal").Distinct(StringComparer.Ordinal)];
            producers = [.. rows.Facts().Select(fact => fact.Producer).Distinct()];
        }

        await using (var journal = await SealedJournal.OpenAsync(SqliteJournal.Open(path, new SqliteJournalOptions()), KeyRing.Of(path, shop.Folder + ".keys"), new HashSet<string> { "phone", "card" }))
        {
            foreach (var collection in collections)
            {
                traces.AddRange(journal.ReadDocuments(collection, default, default, int.MaxValue).Where(document => Holds(document.Key) || Holds(document.Value)).Select(_ => collection));
            }

            foreach (var producer in producers)
            {
                traces.AddRange(journal.ReadFacts(producer, 1, int.MaxValue, int.MaxValue).Where(fact => Holds(fact.Bytes)).Select(fact => $"op {fact.Sequence}"));
            }
        }

        await shop.StartAsync();
        return traces;

        bool Holds(byte[] bytes) => wanted.Any(part => bytes.AsSpan().IndexOf(part) >= 0);
    }
}
