using System.Buffers.Binary;
using System.Security.Cryptography;
using Google.Protobuf;
using SyncHub.Storage;
using SyncHub.V1;
using static SyncHub.Verify.Tests.Make;

namespace SyncHub.Verify.Tests;

/// <summary>Lives that end, histories that fork, hubs that forgot: sound where they are told truly, found where they are not.</summary>
public sealed class LifeTests
{
    private const long Second = Incarnation + 1;
    private const long Branch = Incarnation + 2;

    [Fact]
    public async Task A_forked_life_with_a_released_line_and_a_second_life_is_sound()
    {
        using var chains = await Chains.HealthyAsync(chain => Forked(chain));

        Clean(chains.Audit());
        Assert.Equal(15, chains.Audit().OpsApplied);
        Assert.Equal(15, chains.Audit().OpsLogged);
    }

    [Fact]
    public async Task An_op_that_lies_in_a_branch_and_in_its_life_has_one_record()
    {
        using var chains = await Chains.HealthyAsync(chain => Forked(chain, copyInLife: true));

        Clean(chains.Audit());
        Assert.Equal(15, chains.Audit().OpsApplied);
    }

    [Fact]
    public async Task A_branch_that_follows_nothing_is_found()
    {
        using var chains = await Chains.HealthyAsync(async chain =>
        {
            await Forked(chain, follows: new byte[32], releases: false);
            await chain.HubDocuments(Document(Unreleased()));
        });

        Expect(chains.Audit(), "branch_loose", "op 8 of store 2");
    }

    [Fact]
    public async Task The_op_of_a_receipt_may_follow_ops_that_are_lost()
    {
        using var chains = await Chains.HealthyAsync(chain => Forked(chain, follows: new byte[32]));

        Clean(chains.Audit());
    }

    [Fact]
    public async Task A_branch_without_its_start_is_found()
    {
        using var chains = await Chains.HealthyAsync(chain => Forked(chain));
        Chains.Tamper(chains.Hub, $"DELETE FROM cursor WHERE incarnation = {Branch}");

        Expect(chains.Audit(), "branch_loose", "op 8 of store 2");
    }

    [Fact]
    public async Task An_op_of_a_branch_that_was_never_applied_is_found()
    {
        using var chains = await Chains.HealthyAsync(chain => Forked(chain));
        Chains.Tamper(chains.Hub, $"DELETE FROM record WHERE incarnation = {Branch}");

        Expect(chains.Audit(), "op_not_applied", "op 8 of store 2");
    }

    [Theory]
    [InlineData("two living", "more than one")]
    [InlineData("living is released", "is taken from it")]
    [InlineData("living is not the newest", "newest life")]
    [InlineData("closed and not released", "was not given back")]
    [InlineData("branch of nothing", "branch of no life")]
    [InlineData("number above the highest", "may be given again")]
    [InlineData("token above the highest", "token above")]
    public async Task Lives_that_cannot_all_be_true_are_found(string what, string name)
    {
        var document = StoreTwo();
        var (dead, living, branch) = (document.Lives[0], document.Lives[1], document.Lives[2]);
        Action damage = what switch
        {
            "two living" => () => dead.Status = LifeStatus.Living,
            "living is released" => () => living.Release = ReleaseKind.Reclaimed,
            "living is not the newest" => () => document.Incarnation = Incarnation,
            "closed and not released" => () => (dead.Status, dead.Released) = (LifeStatus.Closed, false),
            "branch of nothing" => () => branch.BranchOf = 7,
            "number above the highest" => () => document.HighestIncarnation = Second,
            _ => () => living.ConfirmedToken = 99,
        };
        damage();
        using var chains = await Chains.HealthyAsync(async chain =>
        {
            await Forked(chain);
            await chain.HubDocuments(Document(document));
        });

        Expect(chains.Audit(), "lives_wrong", name);
    }

    [Fact]
    public async Task Ops_of_a_life_that_nobody_was_given_are_found()
    {
        var document = StoreTwo();
        document.Lives.RemoveAt(0);
        using var chains = await Chains.HealthyAsync(chain => chain.HubDocuments(Document(document)));

        Expect(chains.Audit(), "life_unknown", "store 2");
        Expect(chains.Audit(), "life_unknown", "store 1");
    }

    [Fact]
    public async Task A_release_of_less_than_a_life_holds_is_found()
    {
        using var chains = await Chains.HealthyAsync(async chain =>
        {
            await Forked(chain, releases: false);
            await chain.Event(Ann, Released(ReleaseKind.Reclaimed, 2_000));
        });

        Expect(chains.Audit(), "release_wrong", "which holds 2500");
        Expect(chains.Audit(), "release_wrong", "leaves 15 of points");
    }

    [Fact]
    public async Task A_life_that_goes_on_cannot_be_closed()
    {
        using var chains = await Chains.HealthyAsync(async chain =>
        {
            await Forked(chain, releases: false);
            await chain.Event(Ann, new MemberEventRecord { Released = new ReleasedEvent { Store = 2, Incarnation = Second, Kind = ReleaseKind.Closed } });
        });

        Expect(chains.Audit(), "release_wrong", MemberText.Of(Ann));
    }

    [Fact]
    public async Task The_payer_of_a_reclaim_bears_what_is_missing()
    {
        using var chains = await Chains.HealthyAsync(chain => Forked(chain));
        // The hub books the loss of the branch's sale on the store, although a payer was named.
        Chains.Edit<MemberEventRecord>(chains.Hub, "record", "payload", $"incarnation = {Branch} AND sequence = 9", record => record.OpApplied.Entries.Single(entry => entry.Account == "insurance").Account = "store/2/loss");

        Expect(chains.Audit(), "entries_differ", "on insurance");
    }

    [Fact]
    public async Task A_heal_that_lowers_is_found()
    {
        using var chains = await Chains.HealthyAsync(chain => chain.Event(Ann, Healed(3_000)));

        Expect(chains.Audit(), "grant_shrinks", "heals");
    }

    [Theory]
    [InlineData(true, "pool_owed")]
    [InlineData(false, "negative_amount")]
    public async Task A_pool_may_be_owed_only_until_all_stores_are_heard_out(bool reconciling, string code)
    {
        using var chains = await Chains.HealthyAsync(async chain =>
        {
            await chain.HubDocuments(Documents(store => store.Reconciling = reconciling));
            await chain.Event(Ann, Healed(4_100));
        });

        var report = chains.Audit();
        Assert.Equal(!reconciling, report.Findings.Any(finding => finding.Code == code));
        Assert.Equal(1, report.Counts[code]);
    }

    [Fact]
    public async Task A_parked_op_moves_no_value_and_its_store_counts_it()
    {
        using var chains = await Chains.HealthyAsync(chain => Parked(chain, thenApplies: false));

        Clean(chains.Audit());
        Assert.Equal(1, chains.Audit().OpsParked);
    }

    [Fact]
    public async Task A_parked_op_that_was_taken_up_again_counts_once()
    {
        using var chains = await Chains.HealthyAsync(async chain =>
        {
            await Parked(chain, thenApplies: false);
            await chain.Resumed(1, Cy, 7, endsParking: true, Entry("wallet/principal", -50), Entry("store/1/cash", 50));
        });

        Clean(chains.Audit());
        Assert.Equal(0, chains.Audit().OpsParked);
    }

    [Fact]
    public async Task An_op_that_is_taken_up_twice_or_was_never_parked_is_found()
    {
        using var chains = await Chains.HealthyAsync(async chain =>
        {
            await Parked(chain, thenApplies: false);
            await chain.Resumed(1, Cy, 7, endsParking: true, Entry("wallet/principal", -50), Entry("store/1/cash", 50));
            await chain.Resumed(1, Cy, 7, endsParking: true, Entry("wallet/principal", -50), Entry("store/1/cash", 50));
        });

        Expect(chains.Audit(), "record_without_op", "takes up a parked op");
    }

    [Fact]
    public async Task An_op_behind_a_parked_one_that_was_applied_is_found()
    {
        using var chains = await Chains.HealthyAsync(chain => Parked(chain, thenApplies: true));

        Expect(chains.Audit(), "op_past_parked", "op 8 of store 1");
    }

    [Fact]
    public async Task An_exposure_that_lines_do_not_hold_is_found()
    {
        using var chains = await Chains.HealthyAsync(chain => chain.HubDocuments(Exposure(1, 5_200), Exposure(2, 7_600)));

        Expect(chains.Audit(), "exposure_differs", "right lines hold 7500");
        Assert.Equal(1, chains.Audit().Counts["exposure_differs"]);
    }

    [Theory]
    [InlineData("exposure-credit", "store 1 may let members owe 40")]
    [InlineData("exposure-floor", "store 1 has advanced 40")]
    public async Task An_exposure_of_credit_or_advances_that_lines_do_not_hold_is_found_where_the_hub_counts_them(string collection, string finding)
    {
        using var uncounted = await Chains.HealthyAsync(chain => chain.HubDocuments(Exposure(1, 40, collection)));
        Clean(uncounted.Audit());

        using var counted = await Chains.HealthyAsync(chain => chain.HubDocuments(Exposure(1, 40, collection), new DocumentWrite("meta", "exposure-kinds"u8.ToArray(), [3])));
        Expect(counted.Audit(), "exposure_differs", finding);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    public async Task What_the_hub_acknowledged_of_an_earlier_life_must_be_there(long acknowledged)
    {
        using var chains = await Chains.HealthyAsync(async chain =>
        {
            await chain.Log(2, Op(OpType.TopUp, Cy, Credit(Principal, 50)));
            await chain.HubDocuments(Documents());
            await chain.BeginLife(2, Second, acknowledged + 1);
        });

        var report = chains.Audit();
        Assert.Equal(acknowledged > 0 ? ["op_lost"] : ["op_pending"], report.Counts.Keys);
    }

    [Fact]
    public async Task A_log_of_an_earlier_life_that_is_cut_off_is_found()
    {
        using var chains = await Chains.HealthyAsync(chain => Forked(chain));
        Chains.Tamper(chains.Agent(2), "DELETE FROM fact WHERE sequence = 7");

        Expect(chains.Audit(), "dead_log_differs", "its log ends at op 6");
    }

    [Fact]
    public async Task A_file_of_another_store_than_it_was_enrolled_as_is_found()
    {
        using var chains = await Chains.HealthyAsync(chain => Forked(chain));
        await File.WriteAllTextAsync(Path.Combine(chains.Folder(2), "identity.json"), $$"""{"store":1,"incarnation":{{Second}}}""");

        Expect(chains.Audit(), "agent_identity", "store 2");
    }

    [Fact]
    public async Task A_living_life_with_two_histories_is_on_its_way_to_be_found_out()
    {
        using var chains = await Chains.HealthyAsync(async chain =>
        {
            await chain.HubDocuments(Documents(_ => { }));
            await chain.Applied(2, Op(OpType.RegisterMember, Bob));
        });
        // The store's file goes back and logs something else under the same number.
        var bytes = Op(OpType.TopUp, Cy, Credit(Principal, 50));
        (bytes.Id, bytes.RequestId) = (new OpId { Store = 2, Incarnation = Incarnation, Sequence = 8 }, "another");
        var hash = SHA256.HashData([.. Chains.Read(chains.Agent(2), "SELECT hash FROM fact WHERE sequence = 7"), .. bytes.ToByteArray()]);
        Chains.Tamper(chains.Agent(2), "UPDATE fact SET bytes = $bytes, hash = $hash WHERE sequence = 8", ("$bytes", bytes.ToByteArray()), ("$hash", hash));

        Assert.Equal(1, chains.Audit().Counts["fork_open"]);
        Assert.DoesNotContain("op_invented", chains.Audit().Counts.Keys);
    }

    // Store 2 goes on as a copy (8, 9 in a branch), is reclaimed at insurance's cost, and begins a second life.
    private static async Task Forked(ChainBuilder chain, bool copyInLife = false, byte[]? follows = null, bool releases = true)
    {
        await chain.HubDocuments(Documents());
        if (releases)
        {
            await chain.Event(Ann, Released(ReleaseKind.Reclaimed, 2_500, 15));
            var grant = new GrantedEvent { Store = 1, Incarnation = Incarnation };
            grant.Lines.Add(new GrantedLine { Bucket = Principal, Granted = 2_500 });
            await chain.Event(Ann, new MemberEventRecord { Granted = grant });
        }

        chain.Fork(2, Branch, follows);
        var bobs = Op(OpType.TopUp, Bob, Credit(Principal, 500));
        await chain.Branched(2, Branch, bobs, Classification.Normal, Entry("wallet/principal", -500), Entry("store/2/cash", 500));
        if (copyInLife)
        {
            await chain.KeptCopy(2, Branch);
        }

        if (releases)
        {
            await chain.Branched(2, Branch, Op(OpType.Sale, Ann, Debit(Principal, 400)), Classification.Liability, Entry("insurance", 400), Entry("store/2/sales", -400));
        }
        else
        {
            await chain.Branched(2, Branch, Op(OpType.Sale, Bob, Debit(Principal, 400)), Classification.Normal, Entry("wallet/principal", 400), Entry("store/2/sales", -400));
        }

        await chain.BeginLife(2, Second, 7);
    }

    private static async Task Parked(ChainBuilder chain, bool thenApplies)
    {
        await chain.Parked(1, Op(OpType.TopUp, Cy, Credit(Principal, 50)));
        await chain.Lines(1, Cy, HealthyChain.Held(Principal, 0, 750, 0, 0));
        if (thenApplies)
        {
            await chain.Applied(1, Op(OpType.TopUp, Cy, Credit(Principal, 60)), Entry("wallet/principal", -60), Entry("store/1/cash", 60));
        }
    }

    private static MemberEventRecord Released(ReleaseKind kind, long principal, long points = 0)
    {
        var released = new ReleasedEvent { Store = 2, Incarnation = Incarnation, Kind = kind, Payer = "insurance", Approver = "Kim" };
        released.Lines.Add(new ReleasedLine { Bucket = Principal, Amount = principal });
        if (points > 0)
        {
            released.Lines.Add(new ReleasedLine { Bucket = PointsBucket, Amount = points });
        }

        return new MemberEventRecord { Released = released };
    }

    private static MemberEventRecord Healed(long granted)
    {
        var healed = new GrantedEvent { Store = 2, Incarnation = Incarnation };
        healed.Lines.Add(new GrantedLine { Bucket = Principal, Granted = granted });
        return new MemberEventRecord { Healed = healed };
    }

    private static StoreDocument StoreTwo()
    {
        var store = new StoreDocument { Store = 2, Name = "S2", Incarnation = Second, HighestIncarnation = Branch, Token = 9 };
        store.Lives.Add(new LifeState { Incarnation = Incarnation, Status = LifeStatus.Dead, Release = ReleaseKind.Reclaimed, Released = true, Approver = "Kim", Payer = "insurance" });
        store.Lives.Add(new LifeState { Incarnation = Second, Status = LifeStatus.Living, ConfirmedToken = 8 });
        store.Lives.Add(new LifeState { Incarnation = Branch, Status = LifeStatus.Branch, BranchOf = Incarnation });
        return store;
    }

    private static StoreDocument Unreleased()
    {
        var store = StoreTwo();
        (store.Lives[0].Release, store.Lives[0].Released) = (ReleaseKind.Unspecified, false);
        return store;
    }

    private static DocumentWrite[] Documents(Action<StoreDocument>? change = null)
    {
        var one = new StoreDocument { Store = 1, Name = "S1", Incarnation = Incarnation };
        var two = change is null ? StoreTwo() : new StoreDocument { Store = 2, Incarnation = Incarnation };
        change?.Invoke(two);
        return [Document(one), Document(two)];
    }

    private static DocumentWrite Document(StoreDocument store) => new("store", Key(store.Store), store.ToByteArray());

    private static DocumentWrite Exposure(int store, long amount, string collection = "exposure")
    {
        var value = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(value, amount);
        return new DocumentWrite(collection, Key(store), value);
    }

    private static byte[] Key(int store)
    {
        var key = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(key, store);
        return key;
    }

    private static void Clean(AuditReport report) => Assert.True(report.IsClean(converged: true), string.Join('\n', report.Findings.Concat(report.Unsettled)));

    private static void Expect(AuditReport report, string code, string name) =>
        Assert.True(report.Findings.Any(finding => finding.Code == code && finding.Message.Contains(name, StringComparison.Ordinal)),
            $"Expected {code} that names {name}; found:\n{string.Join('\n', report.Findings)}");
}
