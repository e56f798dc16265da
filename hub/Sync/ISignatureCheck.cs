using System.Security.Cryptography;
using SyncHub.Core.Protocol;
using SyncHub.Hub.Stores;

namespace SyncHub.Hub.Sync;

/// <summary>What a stream's machine signs with, so that what it hands in can be checked and kept with its proof.</summary>
internal interface ISignatureCheck
{
    /// <summary>Names the key.</summary>
    byte[] KeyId { get; }

    /// <summary>Whether the signature is this key's over this end of a log.</summary>
    bool Holds(LogHead head, ReadOnlySpan<byte> signature);
}

/// <summary>The key of a store's certificate: ECDSA P-256 over SHA-256, r and s of 32 bytes each.</summary>
/// <remarks>Not thread-safe; one for each stream, whose link locks.</remarks>
internal sealed class KeySignature : ISignatureCheck, IDisposable
{
    private readonly ECDsa _key = ECDsa.Create();

    /// <summary>The check of one key.</summary>
    public KeySignature(StoreKey key)
    {
        KeyId = key.Id;
        _key.ImportSubjectPublicKeyInfo(key.PublicKey.Span, out _);
    }

    /// <inheritdoc/>
    public byte[] KeyId { get; }

    /// <inheritdoc/>
    public bool Holds(LogHead head, ReadOnlySpan<byte> signature) => _key.VerifyData(head.ToSignedBytes(), signature, HashAlgorithmName.SHA256);

    /// <inheritdoc/>
    public void Dispose() => _key.Dispose();
}
