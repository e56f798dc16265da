using System.Globalization;
using System.Text;

namespace SyncHub.Interop.Matrix;

/// <summary>The result as Markdown.</summary>
internal static class Table
{
    private const int DetailCharacters = 600;

    public static string Write(IReadOnlyList<Row> rows, IReadOnlyList<Peer> present, IReadOnlyList<Peer> absent)
    {
        var text = new StringBuilder("# gRPC interoperability\n\n");
        text.Append("A cell holds three results: their client to our server / our client to their server / their client to their server. ")
            .Append("`-`: the client has no such case. `FAIL*`: does not count, for the reason below.\n\n");
        foreach (var peer in present)
        {
            text.Append(CultureInfo.InvariantCulture, $"* {peer.Name}: {peer.Version}\n");
        }

        foreach (var peer in absent)
        {
            text.Append(CultureInfo.InvariantCulture, $"* **{peer.Name}: ABSENT on this machine. Nothing below says anything about it.**\n");
        }

        foreach (var group in rows.GroupBy(row => row.Peer == "http2"))
        {
            WriteGroup(text, [.. group]);
        }

        WriteList(text, "Failures that count", rows.SelectMany(row => row.Failures));
        WriteList(text, "Failures that do not count", rows.SelectMany(row => row.Excuses));
        return text.ToString();
    }

    private static void WriteGroup(StringBuilder text, IReadOnlyList<Row> rows)
    {
        var peers = rows.Select(row => row.Peer).Distinct(StringComparer.Ordinal).ToArray();
        text.Append("\n| case | ").AppendJoin(" | ", peers).Append(" |\n|---|").Append(string.Concat(Enumerable.Repeat("---|", peers.Length))).Append('\n');
        foreach (var byCase in rows.GroupBy(row => row.Case, StringComparer.Ordinal))
        {
            text.Append("| ").Append(byCase.Key).Append(" | ").AppendJoin(" | ", peers.Select(peer => byCase.FirstOrDefault(row => row.Peer == peer) is { } row ? CellOf(row) : "")).Append(" |\n");
        }
    }

    private static string CellOf(Row row)
    {
        var counts = row.Failures.Any();
        return string.Join(" / ", new[] { row.ToOurs, row.ToTheirs, row.Themselves }.Select(cell => cell.IsFailed && !counts ? "FAIL*" : cell.Mark));
    }

    private static void WriteList(StringBuilder text, string title, IEnumerable<string> lines)
    {
        text.Append(CultureInfo.InvariantCulture, $"\n## {title}\n");
        var all = lines.Select(line => line.ReplaceLineEndings(" ")).Select(line => line.Length > DetailCharacters ? line[..DetailCharacters] + "..." : line).ToArray();
        text.Append(all.Length == 0 ? "none\n" : string.Concat(all.Select(line => $"* {line}\n")));
    }
}
