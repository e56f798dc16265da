using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Google.Protobuf.Reflection;
using SyncHub.Core.Primitives;
using SyncHub.Hub.Hq;
using SyncHub.V1;
using Xunit;
using static SyncHub.Hub.Tests.ScriptedAgent;
using Bucket = SyncHub.Core.Wallets.Bucket;
using OpType = SyncHub.Core.Ops.OpType;

namespace SyncHub.Hub.Tests;

/// <summary>Lists of HQ, over gRPC and JSON: whatever their length they come in answers that fit a message, and say where they go on.</summary>
public sealed class PagingTests
{
    [Fact]
    public async Task More_stores_than_fit_an_answer_come_in_pages_that_miss_none_and_repeat_none()
    {
        const int Count = 13_000; // with long names more than the 4 MiB that a caller takes
        await using var hub = await HubFixture.StartAsync();
        var name = new string('店', 100);
        await Parallel.ForEachAsync(Enumerable.Range(1, Count), new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (number, cancellation) =>
            await hub.Stores.CreateStoreAsync(new CreateStoreRequest { Store = number, Name = name }, hub.Admin, cancellationToken: cancellation));

        var request = new ListStoresRequest();
        var seen = new List<int>();
        do
        {
            var page = await hub.Stores.ListStoresAsync(request, hub.Admin);
            Assert.InRange(page.CalculateSize(), 1, Paging.LargestBytes + 1024);
            seen.AddRange(page.Stores.Select(store => store.Store));
            request.After = page.NextAfter;
        }
        while (request.After > 0);
        Assert.Equal(Enumerable.Range(1, Count), seen);

        // A store that connects is told the names of as many as fit.
        await using var store = await hub.EnrolAsync();
        await store.ConnectAsync();
        var policy = (await store.ReadUntilAsync(frame => frame.PolicyDelta is not null, "the policy")).PolicyDelta;
        Assert.InRange(policy.CalculateSize(), 1, Paging.LargestBytes);
        Assert.Equal(name, policy.Stores[5_000].Name);

        using var client = Client(hub);
        var json = await client.GetFromJsonAsync<JsonElement>("stores?after=12990&limit=4");
        Assert.Equal([12_991, 12_992, 12_993, 12_994], json.GetProperty("stores").EnumerateArray().Select(store => store.GetProperty("store").GetInt32()));
        Assert.Equal(12_994, json.GetProperty("next_after").GetInt32());
        Assert.Equal(0, (await client.GetFromJsonAsync<JsonElement>("stores?after=12994&limit=7")).GetProperty("next_after").GetInt32());
    }

    [Fact]
    public async Task Every_list_goes_on_where_the_page_before_ended_and_is_whole_for_who_asks_for_no_pages()
    {
        await using var hub = await HubFixture.StartAsync();
        using var client = Client(hub);
        for (var number = 1; number <= 5; number++)
        {
            await hub.Stores.CreateStoreAsync(new CreateStoreRequest { Store = number }, hub.Admin);
            await hub.Users.AddUserAsync(new AddUserRequest { Name = $"kim-{number}", Role = Role.Cashier, Stores = { number } }, hub.Admin);
            await new V1.Cashiers.CashiersClient(hub.Channel).SetPinAsync(new SetPinRequest { Name = $"kim-{number}", Pin = "246813" }, hub.Admin);
            await hub.TokenAsync($"erp-{number}", [Permission.StoresRead]);
            var member = await hub.Members.CreateMemberAsync(new CreateMemberRequest { Profile = new MemberProfile { Name = "Ann", Card = $"card-{number}" } }, hub.Admin);
            await new Credits.CreditsClient(hub.Channel).SetFloorDeniedAsync(new SetFloorDeniedRequest { MemberId = member.MemberId, Denied = true }, hub.Admin);
            await new Approvals.ApprovalsClient(hub.Channel).AskForAsync(new AskForRequest { Reason = "because", CreditLimit = new SetCreditLimitRequest { MemberId = member.MemberId, LimitMinor = 1 } }, hub.Admin);
        }

        await SameAsync(client, "stores", "stores", "store", 5);
        await SameAsync(client, "users", "users", "name", 5);
        await SameAsync(client, "cashiers", "users", "name", 5);
        await SameAsync(client, "tokens", "tokens", "id", 6); // and that of the tests
        await SameAsync(client, "approvals", "approvals", "id", 5);
        await SameAsync(client, "floor-denied", "member_ids", "", 5);
        await SameAsync(client, "audit", "rows", "place", 35);
    }

    [Fact]
    public async Task Entries_of_a_wallet_fill_their_pages_whatever_lies_between_them()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var store = await hub.EnrolAsync();
        var member = MemberId.Create(1_700_000_000_000, System.Security.Cryptography.RandomNumberGenerator.GetBytes(10));
        await store.ConnectAsync();
        await store.LogAsync(OpType.RegisterMember, member);
        for (var entry = 0; entry < 5; entry++)
        {
            await store.LogAsync(OpType.TopUp, member, Credit(Bucket.Principal, 100));
            // Changes that are no entries.
            await new Credits.CreditsClient(hub.Channel).SetCreditLimitAsync(new SetCreditLimitRequest { MemberId = member.ToString(), LimitMinor = 100 + entry }, hub.Admin);
        }

        using var client = Client(hub);
        var (from, versions) = (0L, new List<long>());
        do
        {
            var page = await client.GetFromJsonAsync<JsonElement>($"wallets/{member}/entries?from={from}&limit=2");
            var entries = page.GetProperty("entries").EnumerateArray().Select(entry => long.Parse(entry.GetProperty("version").GetString()!, System.Globalization.CultureInfo.InvariantCulture)).ToArray();
            versions.AddRange(entries);
            from = long.Parse(page.GetProperty("next_from").GetString()!, System.Globalization.CultureInfo.InvariantCulture);
            Assert.True(from == 0 || entries.Length == 2);
        }
        while (from > 0);
        Assert.Equal(6, versions.Count);
        Assert.Equal(versions.Distinct().Order(), versions);
    }

    [Fact]
    public void A_wallet_of_very_many_lines_comes_in_pages_of_one_moment()
    {
        Wallet Whole() => new()
        {
            Version = 7,
            PrincipalMinor = 5,
            Buckets =
            {
                new WalletBucket { Total = 1, Lines = { Enumerable.Range(1, 90_000).Select(store => new RightLine { Store = store, Incarnation = 1L << 40, Granted = 1L << 40, Outstanding = 1 }) } },
                new WalletBucket { Total = 2, Lines = { Enumerable.Range(1, 90_000).Select(store => new RightLine { Store = store, Incarnation = 1L << 40, Granted = 1L << 40, Payer = "store-12/loss" }) } },
            },
        };
        Assert.True(Whole().CalculateSize() > Paging.LargestBytes);
        var (first, second, after) = (0, 0, "");
        do
        {
            var page = WalletLines.PageOf(Whole(), after);
            Assert.InRange(page.CalculateSize(), 1, Paging.LargestBytes);
            Assert.Equal((5, 1, 2), (page.PrincipalMinor, page.Buckets[0].Total, page.Buckets[1].Total));
            first += page.Buckets[0].Lines.Count;
            second += page.Buckets[1].Lines.Count;
            after = page.NextLine;
        }
        while (after.Length > 0);
        Assert.Equal((90_000, 90_000), (first, second));

        var changed = Assert.Throws<Grpc.Core.RpcException>(() => WalletLines.PageOf(Whole(), "6.0.10"));
        Assert.Equal(Grpc.Core.StatusCode.Aborted, changed.StatusCode);
        Assert.Throws<Grpc.Core.RpcException>(() => WalletLines.PageOf(Whole(), "x"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Pages_of_several_cells_come_together_without_a_gap(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 200; round++)
        {
            var cells = Enumerable.Range(0, 3).Select(_ => Enumerable.Range(0, random.Next(40)).Select(_ => random.Next(1_000).ToString("D4", System.Globalization.CultureInfo.InvariantCulture)).Distinct().Order().ToArray()).ToArray();
            var (after, limit, seen) = ("", random.Next(1, 8), new List<string>());
            do
            {
                var pages = cells.Select(cell =>
                {
                    var items = new List<string>();
                    var fits = random.Next(1, 6); // each cell's answer is cut where it is full
                    var last = Paging.Fill(cell.Where(item => string.CompareOrdinal(item, after) > 0), Math.Min(limit, fits), items.Add, static _ => 1);
                    return ((IReadOnlyList<string>)items, last is not null);
                }).ToArray();
                var (joined, hasMore) = Paging.Join(pages, string.CompareOrdinal);
                var page = new List<string>();
                after = Paging.Fill(joined.Distinct(), limit, page.Add, static _ => 1) ?? (hasMore ? page[^1] : "");
                seen.AddRange(page);
            }
            while (after.Length > 0);
            Assert.Equal(cells.SelectMany(cell => cell).Distinct().Order(StringComparer.Ordinal), seen);
        }
    }

    [Fact]
    public void What_is_larger_than_a_page_comes_alone()
    {
        var taken = new List<string>();
        Assert.Equal("a", Paging.Fill(["a", "b"], 0, taken.Add, static _ => Paging.LargestBytes + 1));
        Assert.Equal(["a"], taken);
    }

    // A method of HQ whose answer has a list must say where it goes on; the next list of a new version begins here.
    [Fact]
    public void Every_answer_of_headquarters_with_a_list_of_no_fixed_length_is_a_stream_or_says_where_it_goes_on()
    {
        // A member's own things, in an act's answer or by nature few: they are bounded by what one member, store or call can have.
        string[] few = ["MemberRecord", "CreateStoreResponse", "StoreState", "Identity", "LoginResponse", "User", "ApiToken", "AddTokenResponse", "Approval", "ResumeParkedResponse", "Case", "HandInReceiptResponse", "RevokeKeysResponse"];
        FileDescriptor[] files = [HqReflection.Descriptor, CasesReflection.Descriptor, CreditReflection.Descriptor, UsersReflection.Descriptor, ApprovalsReflection.Descriptor, AuditReflection.Descriptor];
        var endless = files.SelectMany(file => file.Services).SelectMany(service => service.Methods).Where(method => !method.IsServerStreaming && !few.Contains(method.OutputType.Name))
            .Where(method => method.OutputType.Fields.InDeclarationOrder().Any(field => field.IsRepeated) && !method.OutputType.Fields.InDeclarationOrder().Any(field => field.Name.StartsWith("next_", StringComparison.Ordinal)))
            .Select(method => method.FullName);
        Assert.Empty(endless);
    }

    private static async Task SameAsync(HttpClient client, string route, string list, string key, int count)
    {
        string KeyOf(JsonElement item) => key.Length == 0 ? item.ToString() : item.GetProperty(key).ToString();
        var whole = (await client.GetFromJsonAsync<JsonElement>(route)).GetProperty(list).EnumerateArray().Select(KeyOf).ToArray();
        Assert.InRange(whole.Length, count, 10 * count);
        var (after, seen) = ("", new List<string>());
        do
        {
            var page = await client.GetFromJsonAsync<JsonElement>($"{route}?limit=2{(after.Length > 0 ? "&after=" + after : "")}");
            var items = page.GetProperty(list).EnumerateArray().Select(KeyOf).ToArray();
            Assert.InRange(items.Length, 1, 2);
            seen.AddRange(items);
            after = page.GetProperty("next_after").ToString() is var next && next == "0" ? "" : next;
        }
        while (after.Length > 0);
        Assert.Equal(whole, seen.Take(whole.Length));
        Assert.Equal(seen.Distinct(), seen);
    }

    private static HttpClient Client(HubFixture hub) => new()
    {
        BaseAddress = new Uri($"http://127.0.0.1:{hub.HttpPort}/api/"),
        DefaultRequestHeaders = { Authorization = AuthenticationHeaderValue.Parse(hub.Admin.GetValue("authorization")!) },
    };
}
