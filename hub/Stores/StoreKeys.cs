namespace SyncHub.Hub.Stores;

/// <summary>How the keys of a store follow one another. At any time one machine is the store; while it renews, two of its keys may speak.</summary>
internal static class StoreKeys
{
    /// <summary>A machine was enrolled, or got a new key with a code: whoever had one before is no longer the store.</summary>
    public static IReadOnlyList<StoreKey> Enrol(IReadOnlyList<StoreKey> keys, StoreKey key, long nowMs) =>
        [.. keys.Select(other => End(other, StoreKeyStatus.Retired, nowMs, "")), key with { Status = StoreKeyStatus.Current }];

    /// <summary>The machine asked for a new key; the present one speaks on until the new one is used.</summary>
    public static IReadOnlyList<StoreKey> Renew(IReadOnlyList<StoreKey> keys, StoreKey key, long nowMs) =>
        [.. keys.Where(other => !other.Is(key.PublicKey.Span)).Select(other => other.Status == StoreKeyStatus.Issued ? End(other, StoreKeyStatus.Retired, nowMs, "") : other), key with { Status = StoreKeyStatus.Issued }];

    /// <summary>The machine used a key: those before it have had their time.</summary>
    public static IReadOnlyList<StoreKey> Use(IReadOnlyList<StoreKey> keys, StoreKey used, long nowMs) =>
        [.. keys.Select(key => key == used ? key with { Status = StoreKeyStatus.Current } : key.Status == StoreKeyStatus.Current ? End(key, StoreKeyStatus.Retired, nowMs, "") : key)];

    /// <summary>HQ decided that nobody speaks for the store any more.</summary>
    public static IReadOnlyList<StoreKey> Revoke(IReadOnlyList<StoreKey> keys, long nowMs, string by) =>
        [.. keys.Select(key => End(key, StoreKeyStatus.Revoked, nowMs, by))];

    private static StoreKey End(StoreKey key, StoreKeyStatus status, long nowMs, string by) =>
        key.MaySpeak ? key with { Status = status, EndedAtMs = nowMs, EndedBy = by } : key;
}
