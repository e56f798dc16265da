using Grpc.Core;

namespace Grpc.Wire;

/// <summary>Metadata as HTTP headers, both ways.</summary>
internal static class MetadataHeaders
{
    /// <summary>Whether a header belongs to the protocol or to HTTP and so is not metadata. <c>grpc-status-details-bin</c> and
    /// the like are metadata.</summary>
    public static bool IsReserved(string name) => name.Length == 0 || name[0] == ':' || name.ToLowerInvariant() is
        WireNames.Status or WireNames.Message or WireNames.Timeout or WireNames.Encoding or WireNames.AcceptEncoding or WireNames.EncodingRequest
        or "content-type" or "content-length" or "te" or "host" or "connection" or "transfer-encoding" or "trailer" or "upgrade" or "keep-alive" or "proxy-connection";

    /// <summary>The value as it goes on the wire; bytes as base64 without padding.</summary>
    public static string Value(Metadata.Entry entry) =>
        entry.IsBinary ? Convert.ToBase64String(entry.Bytes).TrimEnd('=') : entry.Value;

    /// <summary>Adds a received header, unless it is not metadata. A binary header may hold several values with commas between;
    /// one that is not base64 is dropped, since a peer's odd header is no reason to fail its call.</summary>
    public static void Add(Metadata metadata, string name, string? value)
    {
        if (value is null || IsReserved(name))
        {
            return;
        }

        var key = name.ToLowerInvariant();
        if (!Metadata.Entry.IsBinaryKey(key))
        {
            metadata.Add(Metadata.Entry.FromWire(key, value));
            return;
        }

        foreach (var range in value.AsSpan().Split(','))
        {
            if (TryDecode(value.AsSpan()[range].Trim(), out var bytes))
            {
                metadata.Add(Metadata.Entry.FromWire(key, bytes));
            }
        }
    }

    private static bool TryDecode(ReadOnlySpan<char> base64, out byte[] bytes)
    {
        var padded = base64.TrimEnd('=').ToString();
        padded = padded.PadRight((padded.Length + 3) / 4 * 4, '=');
        bytes = new byte[padded.Length / 4 * 3];
        var isValid = Convert.TryFromBase64String(padded, bytes, out var length);
        Array.Resize(ref bytes, length);
        return isValid;
    }
}
