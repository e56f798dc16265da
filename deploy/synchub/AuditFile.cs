using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using SyncHub.V1;

namespace SyncHub.Cli;

/// <summary>The audit trail as a file that proves itself: a line of JSON for each entry, with the bytes that the chain's hashes are of.</summary>
/// <remarks>Whoever kept the newest line of an earlier file finds it again in a later one, or the trail was cut off or written anew.</remarks>
internal static class AuditFile
{
    private const int HashBytes = 32;

    /// <summary>A line.</summary>
    public static string LineOf(AuditRow row) =>
        $$"""{"place":"{{row.Place}}","hash":"{{Convert.ToHexStringLower(row.Hash.Span)}}","bytes":"{{row.Bytes.ToBase64()}}","entry":{{JsonFormatter.Default.Format(row.Entry)}}}""";

    /// <summary>Checks all lines.</summary>
    /// <param name="lines">Of a whole file.</param>
    /// <param name="tip">Place and hash of an entry that must be there, with = in between; empty: none.</param>
    /// <returns>What is wrong, by line; and what the trail has.</returns>
    public static (IReadOnlyList<string> Faults, long Entries, string Tip) Check(IEnumerable<string> lines, string tip)
    {
        var (faults, entries, newest) = (new List<string>(), 0L, "");
        var ends = new Dictionary<long, (long Sequence, byte[] Hash)>();
        var ended = new HashSet<string>(StringComparer.Ordinal);
        var hasTip = tip.Length == 0;
        foreach (var line in lines)
        {
            entries++;
            if (Read(line) is not { } row)
            {
                faults.Add($"line {entries} is no line of an export");
                continue;
            }

            var before = ends.GetValueOrDefault(row.Chain, (0, new byte[HashBytes]));
            if (row.Sequence != before.Sequence + 1)
            {
                faults.Add($"line {entries}: after entry {before.Sequence} of chain {row.Chain} comes entry {row.Sequence}; some are missing");
            }
            else if (!SHA256.HashData([.. before.Hash, .. row.Bytes]).AsSpan().SequenceEqual(row.Hash))
            {
                faults.Add($"line {entries}: the hash of entry {row.Sequence} of chain {row.Chain} is not that of its bytes and the entry before");
            }
            else if (row.Sequence == 1 && (row.Link.Length > 0 ? !ended.Contains(row.Link) : ends.Count > 0))
            {
                faults.Add($"line {entries}: chain {row.Chain} does not go on from an entry that is there");
            }

            if (!row.IsSaid)
            {
                faults.Add($"line {entries}: what the line says of entry {row.Sequence} of chain {row.Chain} is not what its bytes say");
            }

            ends[row.Chain] = (row.Sequence, row.Hash);
            newest = $"{row.Chain}.{row.Sequence}={Convert.ToHexStringLower(row.Hash)}";
            ended.Add(newest);
            hasTip |= newest == tip;
        }

        if (!hasTip)
        {
            faults.Add($"the entry {tip} is not there: the trail was cut off before it, or is another one");
        }

        return (faults, entries, newest);
    }

    private static Row? Read(string line)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            var (root, place) = (json.RootElement, json.RootElement.GetProperty("place").GetString()!.Split('.'));
            var bytes = root.GetProperty("bytes").GetBytesFromBase64();
            var entry = AuditEntry.Parser.ParseFrom(bytes);
            var link = entry.Link is { } named ? string.Create(CultureInfo.InvariantCulture, $"{named.Chain}.{named.Sequence}={Convert.ToHexStringLower(named.Hash.Span)}") : "";
            return new Row(long.Parse(place[0], CultureInfo.InvariantCulture), long.Parse(place[1], CultureInfo.InvariantCulture), Convert.FromHexString(root.GetProperty("hash").GetString()!), bytes, link,
                JsonElement.DeepEquals(root.GetProperty("entry"), JsonDocument.Parse(JsonFormatter.Default.Format(entry)).RootElement));
        }
        catch (Exception fault) when (fault is JsonException or FormatException or KeyNotFoundException or InvalidProtocolBufferException or IndexOutOfRangeException or InvalidOperationException or OverflowException)
        {
            return null;
        }
    }

    private sealed record Row(long Chain, long Sequence, byte[] Hash, byte[] Bytes, string Link, bool IsSaid);
}
