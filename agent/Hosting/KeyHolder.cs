namespace SyncHub.Agent.Hosting;

/// <summary>The key that the next connection shows. A connection keeps the one that it began with.</summary>
/// <remarks>Any thread. Keys that were replaced are left to the collector: a connection may still sign with them.</remarks>
internal sealed class KeyHolder
{
    private volatile MachineKey? _current;
    private DateTime _writtenAt;

    private KeyHolder(string path) => Path = path;

    /// <summary>Where it lies.</summary>
    public string Path { get; }

    /// <summary>The key; null where there are no certificates.</summary>
    public MachineKey? Current => _current;

    /// <summary>Reads the key of an agent.</summary>
    /// <exception cref="AgentStartException">It cannot be used.</exception>
    public static KeyHolder Open(AgentOptions options)
    {
        var keys = new KeyHolder(MachineKey.PathFor(options.DataDirectory));
        if (!options.InsecureLoopback)
        {
            keys.Reload();
        }

        return keys;
    }

    /// <summary>Reads the file anew.</summary>
    /// <exception cref="AgentStartException">It cannot be used; the key that was read before stays.</exception>
    public void Reload()
    {
        var writtenAt = File.GetLastWriteTimeUtc(Path);
        _current = MachineKey.Read(Path);
        _writtenAt = writtenAt;
    }

    /// <summary>Reads the file anew where somebody has written it: `synchub agent renew` does so while the agent runs.</summary>
    /// <exception cref="AgentStartException">It cannot be used; the key that was read before stays.</exception>
    public void Refresh()
    {
        if (_current is not null && File.GetLastWriteTimeUtc(Path) != _writtenAt)
        {
            Reload();
        }
    }
}
