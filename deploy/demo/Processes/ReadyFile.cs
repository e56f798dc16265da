using System.Text.Json;

namespace SyncHub.Demo.Processes;

/// <summary>The file in which a hub or an agent says that it listens, and where.</summary>
internal static class ReadyFile
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(25);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3); // a guard against a process that hangs; a busy machine starts one slowly

    /// <summary>Starts a process and waits until it says that it is ready.</summary>
    /// <returns>The process, and the ports by the names in the file.</returns>
    /// <exception cref="DemoException">It ended or stayed silent.</exception>
    public static async Task<(ChildProcess Child, JsonElement Said)> StartAsync(Func<ChildProcess> start, string path, CancellationToken cancellation)
    {
        // Of an earlier life, and with an earlier life's number: it must not be taken for this one's.
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.Delete(path);
        var child = start();
        try
        {
            return (child, await WaitAsync(child, path, cancellation));
        }
        catch
        {
            await child.DisposeAsync();
            throw;
        }
    }

    private static async Task<JsonElement> WaitAsync(ChildProcess child, string path, CancellationToken cancellation)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(Patience);
        try
        {
            while (true)
            {
                if (TryRead(path) is { } said)
                {
                    return said;
                }

                if (child.HasEnded)
                {
                    throw new DemoException($"{child.Name} ended before it was ready. {child.Tail()}");
                }

                await Task.Delay(Pause, deadline.Token);
            }
        }
        catch (OperationCanceledException error) when (!cancellation.IsCancellationRequested)
        {
            throw new DemoException($"{child.Name} did not write {path} within {Patience.TotalSeconds:0} s. {child.Tail()}", error);
        }
    }

    /// <summary>What it says now; null where it is not there.</summary>
    public static JsonElement? TryRead(string path)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            return document.RootElement.Clone();
        }
        catch (Exception error) when (error is IOException or JsonException)
        {
            return null; // not there yet, or half written
        }
    }
}
