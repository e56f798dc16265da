namespace SyncHub.Faults.Tests;

/// <summary>The wall clock of one process, which the test moves while the process runs: libfaketime reads it from a file.</summary>
/// <remarks>Only the wall clock: the monotonic one goes on, as it does on a machine whose clock is set. Reads are cached for a second.</remarks>
internal sealed class FakeClock(string file)
{
    private static readonly string? Library = new[] { "x86_64-linux-gnu", "aarch64-linux-gnu", "" }.Select(name => Path.Combine("/usr/lib", name, "faketime/libfaketime.so.1")).FirstOrDefault(File.Exists);

    /// <summary>Whether this machine has libfaketime (Debian: package faketime).</summary>
    public static bool IsPossible => Library is not null;

    /// <summary>The right time.</summary>
    public const string Right = "+0";

    /// <summary>A clock that lost its battery, and stands still.</summary>
    public const string Dead = "2001-02-03 04:05:06";

    /// <summary>What the process must be started with; empty where the machine has no libfaketime.</summary>
    public Dictionary<string, string> Environment
    {
        get
        {
            if (!IsPossible)
            {
                return [];
            }

            if (!File.Exists(file))
            {
                Set(Right);
            }

            return new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["LD_PRELOAD"] = Library!,
                ["FAKETIME_TIMESTAMP_FILE"] = file,
                ["FAKETIME_CACHE_DURATION"] = "1",
                ["FAKETIME_DONT_FAKE_MONOTONIC"] = "1",
                ["FAKETIME_FORCE_MONOTONIC_FIX"] = "0", // else timed waits return at once, and the process spins
            };
        }
    }

    /// <summary>Sets it: <see cref="Right"/>, <see cref="Dead"/>, or so far off, as "+3h" or "-1000d".</summary>
    public void Set(string time)
    {
        File.WriteAllText(file + ".new", time + "\n");
        File.Move(file + ".new", file, overwrite: true); // never half of it
    }
}
