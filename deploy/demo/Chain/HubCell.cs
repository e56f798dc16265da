using System.Diagnostics;
using System.Globalization;
using System.Text;
using Grpc.Net.Client;
using SyncHub.Demo.Processes;
using SyncHub.Storage.Files;

namespace SyncHub.Demo.Chain;

/// <summary>The hub processes of one cell: one, or several on one database of which one leads.</summary>
internal sealed class HubCell : IAsyncDisposable
{
    private static readonly TimeSpan TakeOverPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly HubProcess[] _processes;
    private HubProcess? _leader;
    private HubProcess? _killed;

    private readonly Programs _programs;
    private readonly RunFolder _folder;
    private readonly int _number;

    /// <summary>Processes that do not run yet.</summary>
    /// <param name="programs">What runs.</param>
    /// <param name="folder">Where their data lie.</param>
    /// <param name="number">Which cell, from 1.</param>
    /// <param name="options">Of the demo.</param>
    /// <param name="cellHubs">Where the hubs of the other cells are, for those of the first one; empty for the others.</param>
    public HubCell(Programs programs, RunFolder folder, int number, DemoOptions options, string cellHubs)
    {
        (_programs, _folder, _number) = (programs, folder, number);
        string[] arguments =
        [
            "--preset", options.Preset,
            .. options.Storages.Count > 0 ? ["--storage", "file:" + WriteStorage(folder, number, options.Storages[number - 1])] : Array.Empty<string>(),
            .. options.Cells > 1 ? ["--cell", string.Create(CultureInfo.InvariantCulture, $"{number}/{options.Cells}")] : Array.Empty<string>(),
            .. cellHubs.Length > 0 ? ["--cell-hubs", cellHubs] : Array.Empty<string>(),
        ];
        _processes = [.. Enumerable.Range(0, options.Hubs).Select(hub => new HubProcess(programs, Path.GetFileName(folder.HubOf(number, hub)), folder.HubOf(number, hub), arguments))];
    }

    /// <summary>Where programs of HQ find the one that leads.</summary>
    public GrpcChannel? Leader => Volatile.Read(ref _leader)?.Channel;

    /// <summary>Where all of them are, with commas between them.</summary>
    public string Addresses => string.Join(',', _processes.Select(process => $"https://{process.Address}"));

    /// <summary>The processes.</summary>
    public IReadOnlyList<HubProcess> Processes => _processes;

    /// <summary>Whether one of them leads, as far as the demo knows.</summary>
    public bool IsThere => Volatile.Read(ref _leader) is not null;

    /// <summary>The one that ended though nobody ended it; null where none did.</summary>
    public HubProcess? Crashed => _processes.FirstOrDefault(process => process.HasCrashed);

    /// <summary>SIGKILL to the one that leads.</summary>
    public async Task KillAsync()
    {
        _killed = Volatile.Read(ref _leader)!;
        Volatile.Write(ref _leader, null);
        await _killed.KillAsync();
    }

    /// <summary>Waits until another one leads; at once where there is none that could.</summary>
    public async Task TakenOverAsync(CancellationToken cancellation)
    {
        if (_processes.Length > 1)
        {
            await LedAsync(cancellation);
        }
    }

    /// <summary>Starts the one that was killed, on the ports it had: where others are, it stands by.</summary>
    /// <returns>Which one it is.</returns>
    public async Task<HubProcess> RestartAsync(CancellationToken cancellation)
    {
        await _killed!.StartAsync(cancellation);
        await LedAsync(cancellation);
        return _killed;
    }

    /// <summary>The one that leads, if it runs as the program that it began as, is stopped cleanly and starts as the next one.</summary>
    /// <returns>Which one it was; null where nothing was to do.</returns>
    public async Task<HubProcess?> UpgradeAsync(CancellationToken cancellation)
    {
        if (Volatile.Read(ref _leader) is not { IsOfFirst: true } old)
        {
            return null;
        }

        Volatile.Write(ref _leader, null);
        await old.StopAsync();
        await TakenOverAsync(cancellation);
        await old.StartAsync(cancellation);
        await LedAsync(cancellation);
        return old;
    }

    /// <summary>SIGTERM, and SIGKILL after a while, those that stand by first. Names those that had to be killed.</summary>
    public async Task<IReadOnlyList<string>> StopAsync()
    {
        var stubborn = new List<string>();
        foreach (var process in _processes.OrderBy(process => process == _leader))
        {
            if (!await process.StopAsync())
            {
                stubborn.Add(process.Name);
            }
        }

        return stubborn;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            await process.DisposeAsync();
        }
    }

    /// <summary>Starts them on empty folders: the first one leads, the others take its secrets over.</summary>
    public async Task StartAsync(CancellationToken cancellation)
    {
        var first = _folder.HubOf(_number, 0);
        await _programs.First.RunAsync("hub-init", cancellation, ["hub", "init", "--data", first, .. _number > 1 ? ["--authority-from", _folder.Hub] : Array.Empty<string>()]);
        if (_number == 1)
        {
            await _programs.First.RunAsync("hub-token", cancellation, "token", "add", "--data", first, "--name", "demo", "--role", "admin", "--out", _folder.Token);
        }

        await _processes[0].StartAsync(cancellation);
        await LedAsync(cancellation);
        for (var hub = 1; hub < _processes.Length; hub++)
        {
            await _programs.First.RunAsync("hub-init", cancellation, "hub", "init", "--data", _folder.HubOf(_number, hub), "--from", first);
            await _processes[hub].StartAsync(cancellation);
        }
    }

    private async Task LedAsync(CancellationToken cancellation)
    {
        for (var since = Stopwatch.GetTimestamp(); ;)
        {
            Volatile.Write(ref _leader, _processes.FirstOrDefault(process => process.IsLeading));
            if (IsThere)
            {
                return;
            }

            if (Stopwatch.GetElapsedTime(since) > TakeOverPatience)
            {
                throw new DemoException($"No hub leads cell {_number} after {TakeOverPatience.TotalSeconds:0} s.");
            }

            await Task.Delay(Pause, cancellation);
        }
    }

    // A file, because arguments show in the process list.
    private static string WriteStorage(RunFolder folder, int number, string storage)
    {
        var path = Path.Combine(folder.Path, string.Create(CultureInfo.InvariantCulture, $"storage-{number}"));
        PrivateFile.Write(path, Encoding.UTF8.GetBytes(storage));
        return path;
    }
}
