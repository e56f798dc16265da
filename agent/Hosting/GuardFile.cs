using System.Buffers.Binary;
using System.Security.Cryptography;
using SyncHub.Agent.Engine;
using SyncHub.Core.Identity;
using SyncHub.Core.Primitives;
using SyncHub.Storage.Files;

namespace SyncHub.Agent.Hosting;

/// <summary>The guard as a small file outside the data folder, so that a backup of the one does not hold the other.</summary>
/// <remarks>One write in place per commit, without fsync: after a power cut it may lag, which only weakens it. A torn one is none.</remarks>
public sealed class GuardFile : IGuard, IDisposable
{
    private const int BodyBytes = 16 + 8 + 8 + OpHash.Size;
    private const int CheckBytes = 8;
    private readonly FileStream _file;
    private readonly string _pepperPath;

    private GuardFile(FileStream file, string pepperPath) => (_file, _pepperPath) = (file, pepperPath);

    /// <inheritdoc/>
    public LifeKey Device { get; private set; }

    /// <summary>Opens the guard of a data folder; made, with a new machine key, where there is none.</summary>
    public static GuardFile Open(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.Read, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        var guard = new GuardFile(new FileStream(path, options), path + ".pepper");
        guard.Pepper = File.Exists(guard._pepperPath) ? File.ReadAllBytes(guard._pepperPath) : default;
        guard.Device = guard.ReadDevice();
        return guard;
    }

    /// <inheritdoc/>
    public GuardRecord? Read()
    {
        var bytes = ReadAll();
        if (bytes.Length < BodyBytes + CheckBytes || !CheckOf(bytes.AsSpan(0, BodyBytes)).AsSpan().SequenceEqual(bytes.AsSpan(BodyBytes)))
        {
            return null;
        }

        return new GuardRecord(
            new Incarnation(BinaryPrimitives.ReadInt64BigEndian(bytes.AsSpan(16))),
            BinaryPrimitives.ReadInt64BigEndian(bytes.AsSpan(24)),
            OpHash.FromBytes(bytes.AsSpan(32, OpHash.Size)));
    }

    /// <inheritdoc/>
    public void Write(GuardRecord record)
    {
        Span<byte> bytes = stackalloc byte[BodyBytes + CheckBytes];
        Device.ToBytes().CopyTo(bytes);
        BinaryPrimitives.WriteInt64BigEndian(bytes[16..], record.Incarnation.Value);
        BinaryPrimitives.WriteInt64BigEndian(bytes[24..], record.TipSequence);
        record.TipHash.ToBytes().CopyTo(bytes[32..]);
        CheckOf(bytes[..BodyBytes]).CopyTo(bytes[BodyBytes..]);
        RandomAccess.Write(_file.SafeFileHandle, bytes, fileOffset: 0); // one call of the system, and nothing of a stream's between
    }

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> Pepper { get; private set; }

    /// <inheritdoc/>
    public void KeepPepper(ReadOnlySpan<byte> pepper)
    {
        Pepper = pepper.ToArray();
        PrivateFile.Write(_pepperPath, pepper);
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    // The machine's key survives a torn write of the rest: it stands first and never changes.
    private LifeKey ReadDevice()
    {
        var bytes = ReadAll();
        if (bytes.Length >= LifeKey.Size)
        {
            return LifeKey.FromBytes(bytes.AsSpan(0, LifeKey.Size));
        }

        var made = LifeKey.FromBytes(RandomNumberGenerator.GetBytes(LifeKey.Size));
        _file.Position = 0;
        _file.Write(made.ToBytes());
        return made;
    }

    private byte[] ReadAll()
    {
        var bytes = new byte[BodyBytes + CheckBytes];
        _file.Position = 0;
        return bytes[.._file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)];
    }

    private static byte[] CheckOf(ReadOnlySpan<byte> body) => SHA256.HashData(body)[..CheckBytes];
}
