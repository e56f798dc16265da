using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

namespace SyncHub.Storage.Sealing;

/// <summary>Seals values with AES-256-GCM, each bound to its place, so that one moved elsewhere does not open.</summary>
/// <remarks>
/// A sealed value: format (1), key number (1), run (12), counter (6), ciphertext, tag (16). A run is one life of this object: it has a key of its own,
/// HMAC-SHA256(key, run), so the counter is a nonce that never comes twice, however many values a journal holds. Thread-safe.
/// </remarks>
public sealed class Sealer
{
    /// <summary>How many bytes longer a sealed value is.</summary>
    public const int Overhead = HeaderBytes + TagBytes;

    private const byte Format = 1;
    private const int RunBytes = 12;
    private const int CounterBytes = 6;
    private const int HeaderBytes = 2 + RunBytes + CounterBytes;
    private const int TagBytes = 16;
    private const int NonceBytes = 12;
    private const int LookupBytes = 16;
    private const int CachedRuns = 64;

    private readonly KeyRing _ring;
    private readonly byte[] _head; // format, key number, run
    private readonly ConcurrentBag<Dictionary<UInt128, AesGcm>> _ciphers = []; // not thread-safe and dear to make, so they are lent out
    private long _counter;

    /// <summary>Begins a run with the newest key of a ring.</summary>
    public Sealer(KeyRing ring)
    {
        ArgumentNullException.ThrowIfNull(ring);
        _ring = ring;
        _head = [Format, ring.Newest, .. RandomNumberGenerator.GetBytes(RunBytes)];
    }

    /// <summary>Seals a value for one place.</summary>
    public byte[] Seal(ReadOnlySpan<byte> value, ReadOnlySpan<byte> place)
    {
        var result = new byte[Overhead + value.Length];
        _head.CopyTo(result, 0);
        Span<byte> nonce = stackalloc byte[NonceBytes];
        nonce.Clear();
        BinaryPrimitives.WriteInt64BigEndian(nonce[4..], Interlocked.Increment(ref _counter));
        nonce[^CounterBytes..].CopyTo(result.AsSpan(2 + RunBytes));
        var ciphers = Borrow();
        CipherOf(_head, ciphers).Encrypt(nonce, value, result.AsSpan(HeaderBytes, value.Length), result.AsSpan(HeaderBytes + value.Length), place);
        _ciphers.Add(ciphers);
        return result;
    }

    /// <summary>Opens a value that was sealed for this place.</summary>
    /// <exception cref="JournalUnavailableException">It was sealed with a key that is not in the ring, was damaged, or stood elsewhere.</exception>
    public byte[] Open(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> place)
    {
        if (bytes.Length < Overhead || bytes[0] != Format)
        {
            throw new JournalUnavailableException(JournalFault.Corrupt, "A value of the database is not sealed: it was damaged, or put there by another program. Compare with a backup.");
        }

        Span<byte> nonce = stackalloc byte[NonceBytes];
        nonce.Clear();
        bytes.Slice(2 + RunBytes, CounterBytes).CopyTo(nonce[^CounterBytes..]);
        var value = new byte[bytes.Length - Overhead];
        var ciphers = Borrow();
        try
        {
            CipherOf(bytes[..(2 + RunBytes)], ciphers).Decrypt(nonce, bytes.Slice(HeaderBytes, value.Length), bytes[^TagBytes..], value, place);
        }
        catch (AuthenticationTagMismatchException fault)
        {
            throw new JournalUnavailableException(JournalFault.Corrupt, $"A value of the database does not open with key {bytes[1]} of {_ring.Path}: it was changed or moved, or the key file is of another database. Compare with a backup.", fault);
        }
        finally
        {
            _ciphers.Add(ciphers);
        }

        return value;
    }

    /// <summary>Which key sealed a value; 0 where it is not sealed.</summary>
    public static byte KeyOf(ReadOnlySpan<byte> bytes) => bytes.Length >= Overhead && bytes[0] == Format ? bytes[1] : (byte)0;

    /// <summary>The keyed hash that stands for a document's key: equal keys are found, and nobody without the ring can try phone numbers.</summary>
    public byte[] Lookup(string collection, ReadOnlySpan<byte> key)
    {
        var name = Encoding.UTF8.GetBytes(collection);
        byte[] input = [.. name, 0, .. key];
        return HMACSHA256.HashData(_ring.Lookup, input)[..LookupBytes];
    }

    private Dictionary<UInt128, AesGcm> Borrow() => _ciphers.TryTake(out var ciphers) ? ciphers : [];

    private AesGcm CipherOf(ReadOnlySpan<byte> head, Dictionary<UInt128, AesGcm> ciphers)
    {
        Span<byte> wide = stackalloc byte[16];
        wide.Clear();
        head[1..].CopyTo(wide);
        var name = BinaryPrimitives.ReadUInt128BigEndian(wide);
        if (ciphers.TryGetValue(name, out var known))
        {
            return known;
        }

        var key = _ring.Find(head[1]) ?? throw new JournalUnavailableException(JournalFault.Locked,
            $"A value of the database was sealed with key {head[1]}, which is not in {_ring.Path}. Put the right key file back.");
        if (ciphers.Count >= CachedRuns)
        {
            foreach (var old in ciphers.Values)
            {
                old.Dispose();
            }

            ciphers.Clear();
        }

        return ciphers[name] = new AesGcm(HMACSHA256.HashData(key, head[2..]), TagBytes);
    }
}
