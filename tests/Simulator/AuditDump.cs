using System.Globalization;
using SyncHub.Hub.Stores;
using SyncHub.Storage;
using SyncHub.Storage.Sqlite;
using SyncHub.Testing;
using SyncHub.Verify;

namespace SyncHub.Simulator;

/// <summary>Writes what lies on the simulated disks into real files and lets the audit look at them, at the end of a healed run.</summary>
/// <remarks>Machines that are not connected then are left out: a copy in quarantine is the same store twice, which the audit rightly reports.</remarks>
internal static class AuditDump
{
    /// <summary>Throws where the audit finds anything.</summary>
    public static void Check(World world)
    {
        var folder = Directory.CreateTempSubdirectory("synchub-sim-");
        try
        {
            Write(Path.Combine(folder.FullName, "hub"), "hub.db", world.Hub.Journal);
            var agents = new List<string>();
            foreach (var agent in world.Agents.Where(agent => agent.IsOnline))
            {
                var directory = Path.Combine(folder.FullName, string.Create(CultureInfo.InvariantCulture, $"machine{agent.Number}"));
                agents.Add(directory);
                Write(directory, "agent.db", agent.Journal);
                File.WriteAllText(Path.Combine(directory, "identity.json"), string.Create(CultureInfo.InvariantCulture, $$"""{"store":{{agent.Enrolled.Store.Value}},"incarnation":{{agent.Enrolled.Incarnation.Value}}}"""));
            }

            var report = Audit.Run(Path.Combine(folder.FullName, "hub"), agents, new AuditOptions { ExamplesPerCode = 2 });
            if (!report.IsClean(converged: true))
            {
                throw new Violation("audit", string.Join('\n', report.Findings.Concat(report.Unsettled)));
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    // What stands in for signatures here is none to anybody else; who signs and what is looked at by the oracle.
    private static JournalBatch WithoutSignatures(JournalBatch batch)
    {
        batch.Documents.RemoveAll(static document => document.Collection is SignedHeads.Documents or SignedHeads.ReceiptOps);
        return batch;
    }

    private static void Write(string directory, string name, SimulatedJournal disk)
    {
        Directory.CreateDirectory(directory);
        var file = SqliteJournal.Open(Path.Combine(directory, name), new SqliteJournalOptions());
        try
        {
            file.CommitAsync(WithoutSignatures(disk.Copy().ToBatch())).GetAwaiter().GetResult();
        }
        finally
        {
            file.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }
}
