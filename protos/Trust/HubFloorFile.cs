using System.Globalization;

namespace SyncHub.Protos.Trust;

/// <summary>What a program knows of void certificates of hubs, in a file: it must outlive the program, or a thief need only wait for its next start.</summary>
/// <remarks>Thread-safe. Written through the caller's way of writing, because files are not this project's business.</remarks>
public sealed class HubFloorFile : IHubFloor
{
    private readonly Lock _gate = new();
    private readonly string _path;
    private readonly Action<string, byte[]> _write;
    private long _voidBeforeMs;

    /// <summary>What the file says; 0 where there is none.</summary>
    /// <param name="path">The file.</param>
    /// <param name="write">Writes a file whole or not at all, durably.</param>
    /// <exception cref="IOException">The file is there and cannot be read, or holds no number.</exception>
    public HubFloorFile(string path, Action<string, byte[]> write)
    {
        (_path, _write) = (path, write);
        if (File.Exists(path) && !long.TryParse(File.ReadAllText(path), NumberStyles.None, CultureInfo.InvariantCulture, out _voidBeforeMs))
        {
            throw new IOException($"{path} is damaged. Delete it; the next hub that is met says again what it said.");
        }
    }

    /// <inheritdoc/>
    public long VoidBeforeMs => Interlocked.Read(ref _voidBeforeMs);

    /// <inheritdoc/>
    public void Raise(long voidBeforeMs)
    {
        lock (_gate)
        {
            if (voidBeforeMs > _voidBeforeMs)
            {
                _write(_path, System.Text.Encoding.ASCII.GetBytes(voidBeforeMs.ToString(CultureInfo.InvariantCulture)));
                Interlocked.Exchange(ref _voidBeforeMs, voidBeforeMs);
            }
        }
    }
}
