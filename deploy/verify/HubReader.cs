using SyncHub.Storage.Audit;

namespace SyncHub.Verify;

/// <summary>Reads the hub's journal in one view: facts, then records, then what was computed from them.</summary>
internal sealed class HubReader(FindingLog findings, RequestIndex requests, AuditOptions options)
{
    public HubLog Read(string folder)
    {
        var hub = new HubLog(HubSource.NameOf(folder, options.Storage), findings);
        Guarded.Run(findings, hub.Path, "the hub's journal", () =>
        {
            using var file = HubSource.Open(folder, options.Storage, options.Parts);
            FileCheck.Run(file, hub.Path, findings);
            if (Read(file, hub) is { } accounts)
            {
                Guarded.Run(findings, hub.Path, "its tables of HQ", () => CheckHq(folder, file, hub, accounts));
            }
        });
        return hub;
    }

    private void CheckHq(string folder, IJournalRows file, HubLog hub, AccountCheck accounts)
    {
        if (HubSource.OpenHq(folder, file) is { } rows)
        {
            using (rows == file ? null : rows)
            {
                new HqTableCheck(hub, findings, accounts.Sums).Run(rows);
            }
        }
    }

    // What the records book, where they could be read to the end.
    private AccountCheck? Read(IJournalRows file, HubLog hub)
    {
        hub.HasFacts = Guarded.Run(findings, hub.Path, "its stores", () => hub.Lives.Read(file))
            && Guarded.Run(findings, hub.Path, "its facts and cursors", () => new FactCheck(hub, findings, requests).Run(file));
        Guarded.Run(findings, hub.Path, "its audit trail", () => new TrailCheck(findings).Run(file));
        List<BalanceRow> balances = [];
        var hasBalances = Guarded.Run(findings, hub.Path, "its balances", () => balances.AddRange(file.Balances()));
        var accounts = new AccountCheck(hub, findings, options.Currency, balances);
        var snapshots = new SnapshotCheck(findings);
        var hasSnapshots = Guarded.Run(findings, hub.Path, "its snapshots", () => snapshots.Load(file));
        if (!hub.HasFacts)
        {
            return null; // a replay without the ops would only repeat, op by op, that they are not there
        }

        Guarded.Run(findings, hub.Path, "its signatures", () => new SignatureCheck(hub, findings).Run(file));
        hub.HasRecords = Guarded.Run(findings, hub.Path, "its records", () => new Replay(hub, findings, accounts, snapshots).Run(file));
        if (hub.HasRecords && hasSnapshots)
        {
            snapshots.CheckUnmatched();
        }

        if (hub.HasRecords)
        {
            Guarded.Run(findings, hub.Path, "its directory of phones and cards", () => new ClaimCheck(hub, findings).Run(file));
        }

        if (hub.HasRecords)
        {
            new MergeCheck(hub, findings).Run();
            Guarded.Run(findings, hub.Path, "its cell", () => new CellCheck(hub, findings).Run(file));
            Guarded.Run(findings, hub.Path, "its exposures", () => new ExposureCheck(hub, findings).Run(file));
        }

        if (hub.HasRecords && hasBalances)
        {
            accounts.CheckTotals();
        }

        return hub.HasRecords ? accounts : null;
    }
}
