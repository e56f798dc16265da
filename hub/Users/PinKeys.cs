using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace SyncHub.Hub.Users;

/// <summary>The key beside the hub's database that PINs are kept under, and from which each store's pepper is derived.</summary>
internal sealed class PinKeys
{
    private const int KeyBytes = 32;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private readonly byte[] _secret;
    private readonly byte[] _sealing;

    private PinKeys(byte[] secret) => (_secret, _sealing) = (secret, HMACSHA256.HashData(secret, "synchub pin sealing 1"u8));

    /// <summary>Reads the key of a hub's folder, made where there is none.</summary>
    /// <exception cref="ArgumentException">The file is damaged, or others can read it.</exception>
    public static PinKeys Open(string dataDirectory)
    {
        var path = Path.Combine(dataDirectory, "pin.key");
        return new PinKeys(SecretFile.ReadOrCreate(path, KeyBytes, "Put the right file back, or delete it and give every cashier a new PIN."));
    }

    /// <summary>The pepper of a store.</summary>
    public byte[] PepperOf(int store)
    {
        var label = new byte[20 + sizeof(int)];
        "synchub pin pepper 1"u8.CopyTo(label);
        BinaryPrimitives.WriteInt32BigEndian(label.AsSpan(20), store);
        return HMACSHA256.HashData(_secret, label);
    }

    /// <summary>Seals what was derived from a PIN, for this user alone.</summary>
    public byte[] Seal(string user, ReadOnlySpan<byte> derived)
    {
        var sealedBytes = new byte[NonceBytes + derived.Length + TagBytes];
        RandomNumberGenerator.Fill(sealedBytes.AsSpan(0, NonceBytes));
        using var aes = new AesGcm(_sealing, TagBytes);
        aes.Encrypt(sealedBytes.AsSpan(0, NonceBytes), derived, sealedBytes.AsSpan(NonceBytes, derived.Length), sealedBytes.AsSpan(NonceBytes + derived.Length), Encoding.UTF8.GetBytes(user.ToLowerInvariant()));
        return sealedBytes;
    }

    /// <summary>Opens it; null where it was sealed by another key, or for another user.</summary>
    public byte[]? Open(string user, ReadOnlySpan<byte> sealedBytes)
    {
        if (sealedBytes.Length <= NonceBytes + TagBytes)
        {
            return null;
        }

        var derived = new byte[sealedBytes.Length - NonceBytes - TagBytes];
        try
        {
            using var aes = new AesGcm(_sealing, TagBytes);
            aes.Decrypt(sealedBytes[..NonceBytes], sealedBytes[NonceBytes..^TagBytes], sealedBytes[^TagBytes..], derived, Encoding.UTF8.GetBytes(user.ToLowerInvariant()));
            return derived;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null; // pin.key is not the one of then: the user needs a new PIN, all others work
        }
    }
}
