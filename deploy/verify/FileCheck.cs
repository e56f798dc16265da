using SyncHub.Storage.Audit;

namespace SyncHub.Verify;

/// <summary>Check 1: SQLite's own check of a file's structure.</summary>
internal static class FileCheck
{
    public static void Run(IJournalRows file, string path, FindingLog findings) =>
        Guarded.Run(findings, path, "its pages", () =>
        {
            foreach (var line in file.IntegrityCheck())
            {
                if (line != "ok")
                {
                    findings.Add(FindingCodes.FileDamaged, $"{path}: {line}");
                }
            }
        });
}
