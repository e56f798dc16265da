using System.Diagnostics;

namespace SyncHub.Faults.Tests;

/// <summary>The program as an operator runs it, to its end.</summary>
internal static class Command
{
    /// <summary>Runs it; throws what it said where it did not succeed.</summary>
    public static async Task DoAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, Child.Shipped)) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var (said, complained) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{string.Join(' ', arguments)}: exit code {process.ExitCode}: {await said}{await complained}");
        }
    }
}
