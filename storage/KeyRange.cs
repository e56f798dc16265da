namespace SyncHub.Storage;

/// <summary>Ranges of document keys, which are compared byte by byte as unsigned numbers.</summary>
public static class KeyRange
{
    /// <summary>The first key after all keys that start with <paramref name="prefix"/>; null where no key is (an empty prefix, or all 0xFF).</summary>
    public static byte[]? EndOf(ReadOnlySpan<byte> prefix)
    {
        var last = prefix.LastIndexOfAnyExcept((byte)0xFF);
        if (last < 0)
        {
            return null;
        }
        var end = prefix[..(last + 1)].ToArray();
        end[last]++;
        return end;
    }
}
