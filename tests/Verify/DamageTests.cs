using Google.Protobuf;
using SyncHub.V1;
using static SyncHub.Verify.Tests.Make;

namespace SyncHub.Verify.Tests;

/// <summary>Each kind of damage to a healthy chain is found, under its code, by name.</summary>
public sealed class DamageTests : IAsyncLifetime
{
    private const string TopUpOfAnn = "store = 1 AND sequence = 2";

    private Chains _chains = null!;

    public async Task InitializeAsync() => _chains = await Chains.HealthyAsync();

    public Task DisposeAsync()
    {
        _chains.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public void A_flipped_byte_of_an_op_at_the_hub_breaks_its_chain_and_differs_from_the_stores() =>
        Finds(chains => FlipByte(chains.Hub, TopUpOfAnn), "op 2 of store 1", "fact_chain", "op_bytes_differ");

    [Fact]
    public void A_rewritten_op_at_the_hub_is_found_although_it_can_be_read() =>
        Finds(chains => Chains.Edit<OpEnvelope>(chains.Hub, "fact", "bytes", TopUpOfAnn, op => op.Moves[0].AmountMinor = 20_000), "op 2 of store 1", "fact_chain", "op_bytes_differ", "entries_differ");

    [Fact]
    public void An_op_that_no_longer_decodes_is_named() =>
        Finds(chains => Chains.Tamper(chains.Hub, $"UPDATE fact SET bytes = x'FFFFFF' WHERE {TopUpOfAnn}"), "op 2 of store 1", "fact_unreadable", "fact_chain");

    [Fact]
    public void An_op_that_names_another_place_is_named() =>
        Finds(chains => Chains.Edit<OpEnvelope>(chains.Hub, "fact", "bytes", TopUpOfAnn, op => op.Id.Sequence = 77), "op 2 of store 1", "fact_misnamed");

    [Fact]
    public void A_fact_that_the_hub_lost_is_a_gap_and_a_lost_op() =>
        Finds(chains => Chains.Tamper(chains.Hub, $"DELETE FROM fact WHERE {TopUpOfAnn}"), "op 2 of store 1", "op_lost", "record_without_op")
            .Then(chains => Expect(chains.Audit(), "fact_gap", "after op 1 of store 1"));

    [Fact]
    public void An_op_dropped_with_its_record_is_lost() => Finds(
        chains =>
        {
            Chains.Tamper(chains.Hub, $"DELETE FROM record WHERE {TopUpOfAnn}");
            Chains.Tamper(chains.Hub, $"DELETE FROM fact WHERE {TopUpOfAnn}");
        }, "op 2 of store 1", "op_lost").Then(chains => Expect(chains.Audit(), "version_gap", MemberText.Of(Ann)));

    [Fact]
    public void A_dropped_record_leaves_an_op_that_was_never_applied() =>
        Finds(chains => Chains.Tamper(chains.Hub, $"DELETE FROM record WHERE {TopUpOfAnn}"), "op 2 of store 1", "op_not_applied")
            .Then(chains => Assert.Equal(1, chains.Audit().OpsLost));

    [Fact]
    public void The_newest_record_of_the_journal_cannot_vanish_either() =>
        Finds(chains => Chains.Tamper(chains.Hub, "DELETE FROM record WHERE position = (SELECT max(position) FROM record)"), "op 6 of store 1", "op_not_applied")
            .Then(chains => Expect(chains.Audit(), "snapshot_ahead", MemberText.Of(Ann)));

    [Fact]
    public void A_missing_position_is_found() =>
        Finds(chains => Chains.Tamper(chains.Hub, "DELETE FROM record WHERE position = 7"), "comes record 8", "position_gap");

    [Fact]
    public void A_second_application_is_found_and_the_wallet_counts_it_once() =>
        Finds(
            chains => Chains.Tamper(chains.Hub,
                $"INSERT INTO record SELECT (SELECT max(position) + 1 FROM record), partition, stream, (SELECT max(version) + 1 FROM record r WHERE r.stream = record.stream), payload, store, incarnation, sequence FROM record WHERE {TopUpOfAnn}"),
            "op 2 of store 1", "op_applied_twice")
            .Then(chains => Assert.Equal((1, new WalletTotals(7_000, 40)), (chains.Audit().OpsDuplicated, chains.Audit().Wallets[Ann])));

    [Fact]
    public void An_op_applied_to_another_member_is_found() =>
        Finds(chains => Chains.Tamper(chains.Hub, "UPDATE record SET stream = $bob, version = 99 WHERE store = 1 AND sequence = 5", ("$bob", Key(Bob))), "op 5 of store 1", "op_wrong_member");

    [Fact]
    public void A_record_that_names_no_op_is_found() =>
        Finds(chains => Chains.Tamper(chains.Hub, $"UPDATE record SET store = NULL, incarnation = NULL, sequence = NULL WHERE {TopUpOfAnn}"), "version 2", "record_without_op");

    [Fact]
    public void A_record_with_another_previous_hash_is_found() => Finds(
        chains => Chains.Edit<MemberEventRecord>(chains.Hub, "record", "payload", TopUpOfAnn, record => record.OpApplied.PreviousHash = ByteString.CopyFrom(new byte[32])), "op 2 of store 1", "record_previous_hash");

    [Fact]
    public void A_record_that_cannot_be_read_is_found() =>
        Finds(chains => Chains.Tamper(chains.Hub, $"UPDATE record SET payload = x'FFFFFF' WHERE {TopUpOfAnn}"), "version 2", "record_unreadable");

    [Fact]
    public void A_record_without_an_event_is_found() =>
        Finds(chains => Chains.Tamper(chains.Hub, "UPDATE record SET payload = x'' WHERE store IS NULL AND version = 1"), "no event", "record_unreadable");

    [Fact]
    public void A_classification_that_the_rules_do_not_give_is_found() => Finds(
        chains => Chains.Edit<MemberEventRecord>(chains.Hub, "record", "payload", TopUpOfAnn, record => record.OpApplied.Classification = Classification.Liability), "op 2 of store 1", "classification_differs");

    [Fact]
    public void A_changed_balance_is_found() =>
        Finds(chains => Chains.Tamper(chains.Hub, "UPDATE balance SET amount = amount + 1 WHERE account = 'store/1/cash'"), "store/1/cash", "balance_differs")
            .Then(chains => Assert.Equal(1, chains.Audit().LedgerImbalanceMinor));

    [Fact]
    public void A_wallet_account_that_is_not_what_members_own_is_found() =>
        Finds(chains => Chains.Tamper(chains.Hub, "UPDATE balance SET amount = amount - 100 WHERE account = 'wallet/bonus'"), "wallet/bonus", "control_differs");

    [Fact]
    public void Balances_that_do_not_sum_to_zero_are_found() =>
        Finds(chains => Chains.Tamper(chains.Hub, "DELETE FROM balance WHERE account = 'wallet/points'"), "POINTS", "balances_unbalanced");

    [Fact]
    public void A_changed_entry_is_found() => Finds(
        chains => Chains.Edit<MemberEventRecord>(chains.Hub, "record", "payload", TopUpOfAnn, record => record.OpApplied.Entries[0].AmountMinor -= 1), "of member " + MemberText.Of(Ann), "entries_unbalanced", "entries_differ");

    [Fact]
    public void Entries_that_balance_on_the_wrong_account_are_found() => Finds(
        chains => Chains.Edit<MemberEventRecord>(chains.Hub, "record", "payload", TopUpOfAnn, record => record.OpApplied.Entries.Single(entry => entry.Account == "store/1/cash").Account = "store/2/cash"), "store/2/cash", "entries_differ", "balance_differs");

    [Theory]
    [InlineData("pool")]
    [InlineData("outstanding")]
    [InlineData("parcel")]
    [InlineData("lifetime")]
    [InlineData("follower")]
    [InlineData("newest op")]
    [InlineData("bucket")]
    public void A_wrong_snapshot_is_found(string what) => Finds(
        chains => Chains.Edit<MemberSnapshot>(chains.Hub, "snapshot", "payload", "1 = 1", snapshot =>
        {
            Action change = what switch
            {
                "pool" => () => snapshot.Buckets[0].Pool += 10,
                "outstanding" => () => snapshot.Buckets[0].Lines[1].Outstanding -= 1,
                "parcel" => () => snapshot.Parcels[0].RemainingMinor += 1,
                "lifetime" => () => snapshot.LifetimeSpendMinor += 1,
                "follower" => () => snapshot.Followers.Clear(),
                "newest op" => () => snapshot.Producers[0].Sequence -= 1,
                _ => () => snapshot.Buckets.RemoveAt(2),
            };
            change();
        }), MemberText.Of(Ann), "snapshot_differs");

    [Fact]
    public void A_negative_pool_in_a_snapshot_is_found() => Finds(
        chains => Chains.Edit<MemberSnapshot>(chains.Hub, "snapshot", "payload", "1 = 1", snapshot => snapshot.Buckets[0].Pool = -5), MemberText.Of(Ann), "negative_amount", "wallet_unbalanced", "snapshot_differs");

    [Fact]
    public void A_grant_of_more_than_is_free_makes_the_pool_negative() => Finds(
        chains => Chains.Edit<MemberEventRecord>(chains.Hub, "record", "payload", "store IS NULL AND position = 5", record => record.Granted.Lines[0].Granted = 4_001), MemberText.Of(Ann), "negative_amount");

    [Fact]
    public async Task A_grant_that_shrinks_is_found()
    {
        var lower = new GrantedEvent { Store = 2, Incarnation = Incarnation };
        lower.Lines.Add(new GrantedLine { Bucket = Principal, Granted = 3_000 });
        using var chains = await Chains.HealthyAsync(chain => chain.Event(Ann, new MemberEventRecord { Granted = lower }));
        Expect(chains.Audit(), "grant_shrinks", MemberText.Of(Ann));
    }

    [Fact]
    public async Task A_refund_right_that_moved_before_the_day_close_is_found()
    {
        var moved = new RefundRightMovedEvent { Op = new OpId { Store = 1, Incarnation = Incarnation, Sequence = 3 }, Store = 2, Incarnation = Incarnation, Since = 9 };
        using var chains = await Chains.HealthyAsync(chain => chain.Event(Ann, new MemberEventRecord { RefundRightMoved = moved }));
        Expect(chains.Audit(), "refund_right_early", MemberText.Of(Ann));
    }

    [Fact]
    public async Task A_refund_that_was_judged_by_another_op_than_it_undoes_is_found()
    {
        using var chains = await Chains.HealthyAsync(chain => chain.Undone(1, Ann, sequence: 3, claimed: 9_999, closedUpTo: 0));
        Expect(chains.Audit(), "refund_original_differs", MemberText.Of(Ann));
    }

    [Fact]
    public async Task A_tag_that_is_named_by_another_hash_than_its_op_has_is_found()
    {
        using var chains = await Chains.HealthyAsync(chain => chain.Tagged(1, Ann, hashHead: 7));
        Expect(chains.Audit(), "tag_name_differs", MemberText.Of(Ann));
    }

    [Fact]
    public async Task A_refund_that_hides_a_day_close_of_its_log_is_found()
    {
        using var chains = await Chains.HealthyAsync(async chain =>
        {
            await chain.Kept(1, OpType.CloseDay);
            await chain.Undone(1, Ann, sequence: 3, claimed: 2_500, closedUpTo: 0);
        });
        Assert.Contains(chains.Audit().Findings, finding => finding.Code == "refund_after_close");
    }

    [Fact]
    public void A_snapshot_that_cannot_be_read_is_found() =>
        Finds(chains => Chains.Tamper(chains.Hub, "UPDATE snapshot SET payload = x'FFFFFF'"), MemberText.Of(Ann), "snapshot_unreadable");

    [Fact]
    public void A_cursor_ahead_of_the_facts_is_found() =>
        Finds(chains => Chains.Tamper(chains.Hub, "UPDATE cursor SET sequence = 40 WHERE store = 2"), "store 2", "cursor_ahead");

    [Fact]
    public void A_cursor_with_another_hash_is_found() =>
        Finds(chains => Chains.Tamper(chains.Hub, "UPDATE cursor SET hash = zeroblob(32) WHERE store = 2"), "store 2", "cursor_hash");

    [Fact]
    public void An_edited_op_at_the_store_is_found() =>
        Finds(chains => Chains.Edit<OpEnvelope>(chains.Agent(1), "fact", "bytes", "sequence = 2", op => op.Moves[0].AmountMinor = 1), "op 2 of store 1", "agent_log_chain", "op_bytes_differ")
            .Then(chains => Expect(chains.Audit(), "line_differs", MemberText.Of(Ann)));

    [Fact]
    public void A_gap_in_a_stores_log_is_found() =>
        Finds(chains => Chains.Tamper(chains.Agent(1), "DELETE FROM fact WHERE sequence = 3"), "store 1", "agent_log_gap", "op_invented");

    [Fact]
    public void An_op_that_only_the_hub_has_is_invented() =>
        Finds(chains => Chains.Tamper(chains.Agent(2), "DELETE FROM fact WHERE sequence = 7"), "op 7 of store 2", "op_invented")
            .Then(chains => Assert.Equal(1, chains.Audit().OpsInvented));

    [Fact]
    public void A_store_whose_op_cannot_be_read_is_found() =>
        Finds(chains => Chains.Tamper(chains.Agent(2), "UPDATE fact SET bytes = x'FF' WHERE sequence = 7"), "op 7 of store 2", "agent_op_unreadable");

    [Fact]
    public void A_store_whose_op_names_another_place_is_found() =>
        Finds(chains => Chains.Edit<OpEnvelope>(chains.Agent(2), "fact", "bytes", "sequence = 7", op => op.Id.Store = 1), "op 7 of store 2", "agent_op_misnamed");

    [Fact]
    public void More_granted_at_the_store_than_by_the_hub_is_found() =>
        Finds(chains => EditLine(chains, 2, Ann, line => line.Granted = 4_500), "g = 4500", "line_grant_ahead");

    [Fact]
    public void A_line_that_its_log_does_not_explain_is_found() =>
        Finds(chains => EditLine(chains, 2, Ann, line => line.Debited = 1_400), MemberText.Of(Ann), "line_differs");

    [Fact]
    public void A_negative_line_is_found() =>
        Finds(chains => EditLine(chains, 2, Ann, line => line.Granted = 1_000), "a = -500", "line_negative")
            .Then(chains => Assert.Equal(1, chains.Audit().NegativeAmounts));

    [Fact]
    public void A_missing_line_is_found() =>
        Finds(chains => Chains.Tamper(chains.Agent(2), "DELETE FROM document WHERE key = $key", ("$key", Key(Bob))), MemberText.Of(Bob), "line_differs");

    [Fact]
    public void Lines_that_cannot_be_read_are_found() =>
        Finds(chains => Chains.Tamper(chains.Agent(2), "UPDATE document SET value = x'FF' WHERE key = $key", ("$key", Key(Bob))), MemberText.Of(Bob), "line_unreadable");

    [Fact]
    public void A_hub_that_counts_more_than_the_store_logged_is_found() => Finds(
        chains => Chains.Edit<OpEnvelope>(chains.Hub, "fact", "bytes", "store = 2 AND sequence = 3", op => op.Moves[0].AmountMinor = 1_600), "D 1600", "line_hub_ahead");

    [Fact]
    public async Task A_request_that_led_to_two_ops_is_found()
    {
        using var chains = await Chains.HealthyAsync(async chain =>
        {
            var again = Op(OpType.TopUp, Cy, Credit(Principal, 700));
            again.RequestId = "request 1-5";
            await chain.Applied(1, again, Entry("wallet/principal", -700), Entry("store/1/cash", 700));
            await chain.Lines(1, Cy, HealthyChain.Held(Principal, 0, 1_400, 0, 0));
        });
        var report = chains.Audit();
        Expect(report, "request_repeated", "request 1-5");
        Assert.Equal(1, report.Counts["request_repeated"]);
        Assert.Single(report.Counts);
    }

    [Fact]
    public async Task A_top_up_without_a_request_is_found()
    {
        using var chains = await Chains.HealthyAsync();
        Chains.Edit<OpEnvelope>(chains.Agent(1), "fact", "bytes", "sequence = 5", op => op.RequestId = "");
        Expect(chains.Audit(), "request_missing", "op 5 of store 1");
    }

    [Fact]
    public void An_identity_of_another_store_is_found() =>
        Finds(chains => File.WriteAllText(Path.Combine(chains.Folder(1), "identity.json"), """{"store":9,"incarnation":4294967297}"""), "expected ops of store 9", "agent_identity");

    [Fact]
    public void A_missing_identity_is_found() =>
        Finds(chains => File.Delete(Path.Combine(chains.Folder(1), "identity.json")), "identity.json", "agent_identity");

    [Fact]
    public async Task Two_copies_of_one_store_are_found()
    {
        using var chains = await Chains.HealthyAsync();
        Expect(chains.Audit([1, 2, 2]), "agent_cloned", "store 2");
    }

    [Fact]
    public async Task A_gap_above_the_cursor_is_on_its_way()
    {
        using var chains = await Chains.HealthyAsync();
        // As a crash leaves it: op 5 of store 1 and its record never became durable, op 6, of another member, did.
        Chains.Tamper(chains.Hub, "UPDATE cursor SET sequence = 4, hash = (SELECT hash FROM fact WHERE store = 1 AND sequence = 4) WHERE store = 1");
        Chains.Tamper(chains.Hub, "DELETE FROM fact WHERE store = 1 AND sequence = 5");
        Chains.Tamper(chains.Hub, "DELETE FROM record WHERE store = 1 AND sequence = 5");
        Chains.Tamper(chains.Hub, "UPDATE record SET position = position - 1 WHERE position = (SELECT max(position) FROM record)");
        Chains.Tamper(chains.Hub, "UPDATE balance SET amount = amount + 700 WHERE account = 'wallet/principal'");
        Chains.Tamper(chains.Hub, "UPDATE balance SET amount = amount - 700 WHERE account = 'store/1/cash'");
        var report = chains.Audit();
        Assert.Empty(report.Findings);
        Assert.Equal(["fact_gap_open", "line_behind", "op_pending"], report.Counts.Keys.Order());
    }

    [Theory]
    [InlineData("hub")]
    [InlineData("agent")]
    public async Task A_truncated_file_is_found(string which)
    {
        using var chains = await Chains.HealthyAsync();
        var file = which == "hub" ? chains.Hub : chains.Agent(1);
        using (var stream = File.OpenWrite(file))
        {
            stream.SetLength(stream.Length / 2);
        }

        ExpectFileTrouble(chains.Audit(), file);
    }

    [Theory]
    [InlineData("fact")]
    [InlineData("record")]
    [InlineData("snapshot")]
    [InlineData("balance")]
    public async Task A_page_of_garbage_is_found(string table)
    {
        using var chains = await Chains.HealthyAsync();
        var page = FirstPageOf(chains.Hub, table);
        using (var stream = File.OpenWrite(chains.Hub))
        {
            stream.Position = (page - 1) * 4096L;
            var garbage = new byte[4096];
            Array.Fill(garbage, (byte)0xA5);
            stream.Write(garbage);
        }

        ExpectFileTrouble(chains.Audit(), chains.Hub);
    }

    [Fact]
    public async Task A_missing_file_is_found()
    {
        using var chains = await Chains.HealthyAsync();
        File.Delete(chains.Hub);
        ExpectFileTrouble(chains.Audit(), chains.Hub);
    }

    [Fact]
    public async Task A_file_of_something_else_is_found()
    {
        using var chains = await Chains.HealthyAsync();
        await File.WriteAllTextAsync(chains.Agent(2), new string('x', 9_000));
        ExpectFileTrouble(chains.Audit(), chains.Agent(2));
    }

    [Fact]
    public async Task All_are_counted_and_ten_are_shown()
    {
        using var chains = await Chains.HealthyAsync();
        Chains.Tamper(chains.Hub, "UPDATE fact SET hash = zeroblob(32)");
        var report = chains.Audit();
        Assert.Equal(13, report.Counts["fact_chain"]);
        Assert.Equal(10, report.Findings.Count(finding => finding.Code == "fact_chain"));
        using var text = new StringWriter();
        ReportWriter.WriteText(report, converged: false, text);
        Assert.Contains("fact_chain: and 3 more", text.ToString(), StringComparison.Ordinal);
    }

    private DamageTests Finds(Action<Chains> damage, string name, params string[] codes)
    {
        damage(_chains);
        var report = _chains.Audit();
        Assert.False(report.IsClean(converged: false));
        foreach (var code in codes)
        {
            Expect(report, code, name);
        }

        return this;
    }

    private void Then(Action<Chains> also) => also(_chains);

    private static void Expect(AuditReport report, string code, string name) =>
        Assert.True(report.Findings.Any(finding => finding.Code == code && finding.Message.Contains(name, StringComparison.Ordinal)),
            $"Expected {code} that names {name}; found:\n{string.Join('\n', report.Findings)}");

    private static void ExpectFileTrouble(AuditReport report, string file) =>
        Assert.True(report.Findings.Any(finding => finding.Code is "file_unreadable" or "file_damaged" && finding.Message.Contains(file, StringComparison.Ordinal)),
            $"Expected trouble with {file}; found:\n{string.Join('\n', report.Findings)}");

    private static void EditLine(Chains chains, int store, UInt128 member, Action<AgentLine> change) =>
        Chains.Edit<AgentLines>(chains.Agent(store), "document", "value", $"collection = 'lines' AND key = x'{Convert.ToHexString(Key(member))}'", lines => change(lines.Lines[0]));

    private static void FlipByte(string file, string where)
    {
        var bytes = Chains.Read(file, $"SELECT bytes FROM fact WHERE {where}");
        bytes[^1] ^= 0x01;
        Chains.Tamper(file, $"UPDATE fact SET bytes = $bytes WHERE {where}", ("$bytes", bytes));
    }

    private static long FirstPageOf(string file, string table)
    {
        using var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={file};Pooling=false");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT rootpage FROM sqlite_schema WHERE name = $name";
        command.Parameters.AddWithValue("$name", table);
        return (long)command.ExecuteScalar()!;
    }
}
