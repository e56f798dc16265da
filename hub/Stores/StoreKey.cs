using System.Security.Cryptography;
using SyncHub.Core.Primitives;

namespace SyncHub.Hub.Stores;

/// <summary>What became of a key of a store's machine.</summary>
internal enum StoreKeyStatus
{
    /// <summary>Not said.</summary>
    Unspecified = 0,

    /// <summary>Certified and not used yet: it may be on its way.</summary>
    Issued = 1,

    /// <summary>The machine uses it.</summary>
    Current = 2,

    /// <summary>Another key took its place.</summary>
    Retired = 3,

    /// <summary>HQ revoked it.</summary>
    Revoked = 4,
}

/// <summary>A key of a store's machine. Unchangeable; kept for ever, so that what it signed can be checked.</summary>
/// <param name="PublicKey">SubjectPublicKeyInfo, DER.</param>
/// <param name="Status">Whether it may speak.</param>
/// <param name="Life">The store's life when it was certified.</param>
/// <param name="CertifiedAtMs">When, Unix milliseconds.</param>
/// <param name="ValidUntilMs">The end of its certificate.</param>
internal sealed record StoreKey(ReadOnlyMemory<byte> PublicKey, StoreKeyStatus Status, Incarnation Life, long CertifiedAtMs, long ValidUntilMs)
{
    /// <summary>When it was retired or revoked; 0 while it may speak.</summary>
    public long EndedAtMs { get; init; }

    /// <summary>Who revoked it.</summary>
    public string EndedBy { get; init; } = "";

    /// <summary>Whether whoever has it is the store's machine.</summary>
    public bool MaySpeak => Status is StoreKeyStatus.Issued or StoreKeyStatus.Current;

    /// <summary>Names the key: SHA-256 of it.</summary>
    public byte[] Id => SHA256.HashData(PublicKey.Span);

    /// <summary>Whether it is this key.</summary>
    public bool Is(ReadOnlySpan<byte> publicKey) => PublicKey.Span.SequenceEqual(publicKey);
}
