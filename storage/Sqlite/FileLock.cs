using System.Globalization;

namespace SyncHub.Storage.Sqlite;

/// <summary>The right of one process to write a journal file: an operating system lock on a file beside it.</summary>
/// <remarks>
/// Crash rule: the system releases the lock when the process dies, however it dies. The lock file stays: deleting it would let two
/// processes each lock a file of that name. The owner's process id is in a second file, because a locked one cannot be read everywhere.
/// It keeps honest processes apart; what fences two writers for certain is UNIQUE in the schema.
/// </remarks>
internal sealed class FileLock : IDisposable
{
    private readonly FileStream _file;

    private FileLock(FileStream file) => _file = file;

    /// <exception cref="JournalUnavailableException">Another process, or another journal of this one, holds the lock.</exception>
    public static FileLock Take(string path)
    {
        var owner = path + ".lock.pid";
        FileStream file;
        try
        {
            file = new FileStream(path + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (UnauthorizedAccessException error)
        {
            throw SqliteFaults.ReadOnly(path, error);
        }
        catch (DirectoryNotFoundException error)
        {
            throw new JournalUnavailableException(JournalFault.InputOutput, $"{path}: the folder does not exist. Create it, or correct the path.", error);
        }
        catch (IOException error)
        {
            throw new JournalUnavailableException(JournalFault.Locked,
                $"{path}: held by {Owner(owner)}. Stop it first, or give this process a file of its own. ({error.Message})", error);
        }
        try
        {
            File.WriteAllText(owner, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
            return new FileLock(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            file.Dispose();
            throw SqliteFaults.ReadOnly(path, error);
        }
    }

    public void Dispose() => _file.Dispose();

    private static string Owner(string path)
    {
        try
        {
            return $"process {File.ReadAllText(path)}";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return $"another process (its id could not be read: {error.Message})";
        }
    }
}
