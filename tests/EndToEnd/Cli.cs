using System.Diagnostics;
using Xunit;

namespace SyncHub.EndToEnd.Tests;

/// <summary>The program as an operator runs it.</summary>
internal static class Cli
{
    /// <summary>Runs a command that has to succeed.</summary>
    /// <returns>What it said.</returns>
    public static async Task<string> DoAsync(params string[] arguments)
    {
        var (exit, said) = await RunAsync(arguments);
        Assert.True(exit == 0, $"{string.Join(' ', arguments)}: exit code {exit}: {said}");
        return said;
    }

    /// <summary>Runs a command.</summary>
    public static async Task<(int ExitCode, string Said)> RunAsync(params string[] arguments)
    {
        // The test's own folder holds the program, because the test project references it.
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "synchub.exe" : "synchub"))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        // What a command keeps for the next one lies in no home of whoever runs the tests.
        start.Environment.TryAdd("SYNCHUB_SESSION", Path.Combine(Path.GetTempPath(), $"synchub-tests-{Environment.ProcessId}", "session"));
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var (said, complained) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, await said + await complained);
    }
}
