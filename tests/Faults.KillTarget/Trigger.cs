using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.InteropServices;

namespace SyncHub.Faults.KillTarget;

/// <summary>Counts the writes of this process and ends it, with SIGKILL, just before or just after the one that was ordered.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class Trigger
{
    private const int KillSignal = 9;
    private readonly Lock _lock = new();
    private string _side = "";
    private long _at;
    private long _count;

    public Trigger(string order) => Order(order);

    /// <summary>"before 3": from now on, dies just before the third write; "after 3": when it is durable and nobody was told. Empty: never.</summary>
    public void Order(string order)
    {
        var words = order.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        lock (_lock)
        {
            (_side, _at, _count) = words.Length == 2 ? (words[0], long.Parse(words[1], CultureInfo.InvariantCulture), 0) : ("", 0, 0);
        }
    }

    /// <summary>A write is about to be made.</summary>
    /// <returns>Its number, for <see cref="After"/>.</returns>
    public long Before(string write)
    {
        lock (_lock)
        {
            var number = ++_count;
            DieWhere("before", number, write);
            return number;
        }
    }

    /// <summary>A write is durable.</summary>
    public void After(long number, string write)
    {
        lock (_lock)
        {
            DieWhere("after", number, write);
        }
    }

    private void DieWhere(string side, long number, string write)
    {
        if (_side == side && _at == number)
        {
            Console.Out.WriteLine($"killed {side} write {number}: {write}");
            Console.Out.Flush();
            Die();
        }
    }

    [DoesNotReturn]
    private static void Die()
    {
        _ = Kill(Environment.ProcessId, KillSignal);
        Thread.Sleep(Timeout.Infinite); // the lock stays taken: nothing else is written until the signal arrives
        throw new InvalidOperationException("Unreachable.");
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int pid, int signal);
}
