using System.Diagnostics;
using System.Globalization;

namespace SyncHub.Demo.Processes;

/// <summary>Sees to it that no child outlives the demo, even where the demo itself is killed and can clean up nothing.</summary>
/// <remarks>
/// A shell that reads process numbers from a pipe. When the pipe ends, because the demo ended in whatever way, it kills what is
/// still on its list. PR_SET_PDEATHSIG was not used: it follows the thread that started the child, and those of a pool come and go.
/// </remarks>
internal sealed class Watchdog : IDisposable
{
    private const string Script = """
        trap '' INT TERM HUP
        pids=' '
        while read -r verb pid; do
          case $verb in
            add) pids="$pids$pid " ;;
            del) pids="${pids%% $pid *} ${pids#* $pid }" ;;
          esac
        done
        for pid in $pids; do kill -KILL "$pid" 2>/dev/null; done
        """;

    private readonly Lock _lock = new();
    private readonly Process _shell;

    public Watchdog()
    {
        var start = new ProcessStartInfo("/bin/sh") { RedirectStandardInput = true, UseShellExecute = false };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add(Script);
        _shell = Process.Start(start) ?? throw new DemoException("/bin/sh could not be started; the demo needs a POSIX shell.");
        _shell.StandardInput.AutoFlush = true;
    }

    /// <summary>Puts a child on the list.</summary>
    public void Add(int pid) => Tell("add", pid);

    /// <summary>Takes a child that has ended from the list, before its number can belong to another.</summary>
    public void Remove(int pid) => Tell("del", pid);

    public void Dispose()
    {
        lock (_lock)
        {
            _shell.StandardInput.Close();
        }

        _shell.WaitForExit();
        _shell.Dispose();
    }

    private void Tell(string verb, int pid)
    {
        lock (_lock)
        {
            _shell.StandardInput.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{verb} {pid}"));
        }
    }
}
