using Microsoft.Extensions.Logging;
using SyncHub.Storage.Files;

namespace SyncHub.Agent.Hosting;

/// <summary>The file that says where a running agent listens. An agent that cannot write it, on a full disk, serves its tills all the same and writes it as soon as it can.</summary>
/// <remarks>Crash rule: one that a killed agent left is removed at the next start, before anybody listens.</remarks>
internal sealed class ReadyFile(string path, ILogger log, TimeProvider time) : IAsyncDisposable
{
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(1);
    private readonly CancellationTokenSource _end = new();
    private Task _running = Task.CompletedTask;

    /// <summary>Writes it, now or later.</summary>
    public void Write(byte[] contents)
    {
        if (TryWrite(contents) is { } fault)
        {
            log.LogWarning("{File} cannot be written: {Reason} Tills are served. It is tried again until it can be; free space on the disk.", path, fault.Message);
            _running = WriteLaterAsync(contents);
        }
    }

    /// <summary>Removes it: nobody listens any more.</summary>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // it ends by being cancelled
        _end.Dispose();
        File.Delete(path);
    }

    private async Task WriteLaterAsync(byte[] contents)
    {
        using var timer = new PeriodicTimer(Between, time);
        while (await timer.WaitForNextTickAsync(_end.Token) && TryWrite(contents) is not null)
        {
        }
    }

    private IOException? TryWrite(byte[] contents)
    {
        try
        {
            PrivateFile.Write(path, contents);
            return null;
        }
        catch (IOException fault)
        {
            return fault;
        }
    }
}
