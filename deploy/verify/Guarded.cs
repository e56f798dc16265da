using Microsoft.Data.Sqlite;
using SyncHub.Storage;

namespace SyncHub.Verify;

/// <summary>The boundary to files: what cannot be read becomes a finding, and the audit goes on with the rest.</summary>
internal static class Guarded
{
    /// <summary>Runs <paramref name="read"/>.</summary>
    /// <returns>Whether it came to its end.</returns>
    public static bool Run(FindingLog findings, string path, string what, Action read)
    {
        try
        {
            read();
            return true;
        }
        catch (Exception error) when (IsOfFile(error))
        {
            findings.Add(FindingCodes.FileUnreadable, $"{path}: {what} cannot be read to the end; checks that need them were left out. {error.Message}");
            return false;
        }
    }

    // A damaged page may also give columns of another type or length than the schema allows.
    private static bool IsOfFile(Exception error) =>
        error is JournalUnavailableException or SqliteException or IOException or UnauthorizedAccessException or InvalidCastException or ArgumentOutOfRangeException;
}
