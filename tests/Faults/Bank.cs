using SyncHub.Storage;
using SyncHub.Storage.Audit;
using SyncHub.Storage.Postgres.Audit;
using SyncHub.Storage.Sqlite.Audit;
using SyncHub.V1;
using SyncHub.Verify;

namespace SyncHub.Faults.Tests;

/// <summary>Counts the money once more, from the ops that lie at the hub and the receipts that the tills printed.</summary>
internal static class Bank
{
    /// <summary>What is wrong; empty where nothing is.</summary>
    /// <param name="hub">The hub, which is down.</param>
    /// <param name="report">The audit of the same files.</param>
    /// <param name="receipts">What the tills printed.</param>
    /// <param name="destroyed">Hashes of ops on disks that the campaign destroyed itself.</param>
    /// <param name="note">Hears of every op that went with such a disk.</param>
    public static List<string> Check(HubNode hub, AuditReport report, IReadOnlyList<Printed> receipts, IReadOnlySet<string> destroyed, Action<string> note)
    {
        using IJournalRows file = hub.Storage.Length > 0 ? JournalDatabaseReader.OpenWithParts(hub.Storage, "", hub.Parts, Path.Combine(hub.Folder, "hub.keys")) : JournalFileReader.Open(Path.Combine(hub.Folder, "hub.db"));
        // In the ledger is what a record names. An op that a copy had shown first lies in two chains, and is booked in one of them.
        var booked = file.Records().Where(record => record.Fact is not null).ToLookup(record => record.Fact!.Value);
        var ops = file.Facts().Where(fact => fact.Producer.Store > 0).Select(fact => (fact, Op: OpEnvelope.Parser.ParseFrom(fact.Bytes)))
            .SelectMany(read => Enumerable.Repeat(read, read.Op.Member.IsEmpty ? 1 : booked[new FactKey(read.fact.Producer, read.fact.Sequence)].Count()))
            .Select(read => (Hash: Convert.ToHexString(read.fact.Hash), read.Op)).ToList();
        var wrong = new List<string>();
        CheckReceipts(ops.ToLookup(op => op.Hash, op => op.Op, StringComparer.Ordinal), ops.ToLookup(op => op.Op.Id, op => op.Op), receipts, destroyed, note, wrong);

        var balances = file.Balances().ToList();
        var asset = balances.FirstOrDefault(balance => balance.Account == "wallet/principal").Asset;
        var earnedOrSpent = ops.Aggregate(Int128.Zero, (sum, op) => sum + WalletChange(op.Op));
        var losses = Sum(balances, asset, account => account.EndsWith("/loss", StringComparison.Ordinal));
        var breakage = -Sum(balances, asset, account => account == "breakage");
        // What was sold on account and is no longer owed was settled, from wallets.
        var settled = ops.Aggregate(Int128.Zero, (sum, op) => sum + OnAccount(op.Op)) - Sum(balances, asset, account => account == "member/receivable");
        var wallets = report.Wallets.Values.Aggregate(Int128.Zero, (sum, wallet) => sum + wallet.MoneyMinor);
        if (wallets != earnedOrSpent + losses - breakage - settled)
        {
            wrong.Add($"The wallets hold {wallets}; credits less debits are {earnedOrSpent}, losses {losses}, breakage {breakage}, settled debts {settled}.");
        }

        foreach (var (member, wallet) in report.Wallets.Where(pair => pair.Value.MoneyMinor < 0 || pair.Value.Points < 0))
        {
            wrong.Add($"The wallet of member {member:x} is negative: {wallet}.");
        }

        var counts = (report.OpsLost, report.OpsDuplicated, report.OpsParked, report.NegativeAmounts, report.LedgerImbalanceMinor, report.WalletsMismatched);
        if (counts != (0, 0, 0, 0, 0, 0))
        {
            wrong.Add($"Ops lost, duplicated, parked, negative amounts, imbalance, wallets mismatched: {counts}; expected none.");
        }

        return wrong;
    }

    private static void CheckReceipts(ILookup<string, OpEnvelope> byHash, ILookup<OpId, OpEnvelope> byId, IReadOnlyList<Printed> receipts, IReadOnlySet<string> destroyed, Action<string> note, List<string> wrong)
    {
        foreach (var printed in receipts)
        {
            var found = (printed.Hash.Length > 0 ? byHash[printed.Hash] : byId[printed.Op]).ToList();
            if (found.Count == 0 && (destroyed.Contains(printed.Hash) || destroyed.Contains(NameOf(printed.Op))))
            {
                note($"went with a disk that was destroyed: op {NameOf(printed.Op)} of request {printed.Request}");
            }
            else if (found.Count != 1)
            {
                wrong.Add($"Op {NameOf(printed.Op)} of request {printed.Request} lies {found.Count} times at the hub; expected once.");
            }
            else if (!found[0].Id.Equals(printed.Op) || (printed.Hash.Length > 0 && WalletChange(found[0]) != printed.WalletMinor))
            {
                wrong.Add($"Op {NameOf(printed.Op)} of request {printed.Request} says {printed.WalletMinor} on its receipt; at the hub it is op {NameOf(found[0].Id)} and says {WalletChange(found[0])}.");
            }
        }
    }

    /// <summary>An op's name, also of one that prints no hash.</summary>
    public static string NameOf(OpId op) => $"{op.Store}/{op.Incarnation}/{op.Sequence}";

    private static Int128 WalletChange(OpEnvelope op) => op.Moves
        .Where(move => move.Bucket.Kind is BucketKind.Principal or BucketKind.Lot)
        .Aggregate(Int128.Zero, (sum, move) => sum + move.Kind switch { MoveKind.Credit => move.AmountMinor, MoveKind.Debit => -move.AmountMinor, _ => 0 });

    private static Int128 OnAccount(OpEnvelope op) => op.Moves.Aggregate(Int128.Zero, (sum, move) => sum + (move.Kind, move.Bucket.Kind) switch
    {
        (MoveKind.Advance, _) or (MoveKind.Debit, BucketKind.Credit) => move.AmountMinor,
        (MoveKind.Settle, _) or (MoveKind.Credit, BucketKind.Credit) => -move.AmountMinor,
        _ => 0,
    });

    private static Int128 Sum(List<BalanceRow> balances, string? asset, Func<string, bool> account) =>
        balances.Where(balance => balance.Asset == asset && account(balance.Account)).Aggregate(Int128.Zero, (sum, balance) => sum + balance.AmountMinor);
}
