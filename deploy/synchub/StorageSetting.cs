namespace SyncHub.Cli;

/// <summary>How a database is named on a command line, so that its password is in no process list and no shell history.</summary>
internal static class StorageSetting
{
    /// <summary>What the options say about it.</summary>
    public const string Help = "file:PATH of a file with the connection string, env:NAME of a variable that holds it, or Host=...;Username=... (then the password comes from PGPASSWORD or a pgpass file)";

    /// <summary>The connection string, or the text itself where it names no database (a folder; empty).</summary>
    /// <exception cref="ArgumentException">The file or variable is not there, or the password is on the command line.</exception>
    public static string Resolve(string setting, string option)
    {
        // Not @PATH: the command line's parser would put the file's text in its place.
        if (setting.StartsWith("file:", StringComparison.Ordinal))
        {
            return File.Exists(setting[5..]) ? File.ReadAllText(setting[5..]).Trim() : throw new ArgumentException($"{option}: there is no file {setting[5..]}.", nameof(setting));
        }

        if (setting.StartsWith("env:", StringComparison.Ordinal))
        {
            return Environment.GetEnvironmentVariable(setting[4..]) is { Length: > 0 } value ? value : throw new ArgumentException($"{option}: the variable {setting[4..]} is not set.", nameof(setting));
        }

        var hasPassword = setting.Contains("Password=", StringComparison.OrdinalIgnoreCase) || setting.Contains("Pwd=", StringComparison.OrdinalIgnoreCase);
        return hasPassword ? throw new ArgumentException($"{option}: a password on the command line can be read by every user of this machine. Give {Help}.", nameof(setting)) : setting;
    }
}
