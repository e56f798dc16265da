using System.Globalization;
using Grpc.Core;
using Grpc.Standard;
using SyncHub.V1;

namespace SyncHub.Hub.Hq;

/// <summary>The right lines of a wallet in pages: a member may have one in every store of the chain, of every bucket.</summary>
internal static class WalletLines
{
    /// <summary>The wallet with as many lines as fit an answer, after those of the page before.</summary>
    /// <param name="wallet">With all lines; its sums stay as they are.</param>
    /// <param name="after">The place of the last line of the page before; empty: the first page.</param>
    /// <exception cref="RpcException">INVALID_ARGUMENT. ABORTED: the wallet is another one by now.</exception>
    public static Wallet PageOf(Wallet wallet, string after)
    {
        if (after.Length == 0 && wallet.CalculateSize() <= Paging.LargestBytes)
        {
            return wallet;
        }

        var from = Parse(after, wallet.Version);
        var lines = wallet.Buckets.SelectMany(static (bucket, place) => bucket.Lines.Select((line, number) => new Place(place, number, line))).Where(line => (line.Bucket, line.Number).CompareTo(from) > 0).ToArray();
        foreach (var bucket in wallet.Buckets)
        {
            bucket.Lines.Clear();
        }

        var last = Paging.Fill(lines, limit: 0, line => wallet.Buckets[line.Bucket].Lines.Add(line.Line), static line => line.Line.CalculateSize());
        wallet.NextLine = last is null ? "" : string.Create(CultureInfo.InvariantCulture, $"{wallet.Version}.{last.Bucket}.{last.Number}");
        return wallet;
    }

    // All pages are of one moment, or lines could be in none of them or in two.
    private static (int Bucket, int Number) Parse(string after, long version)
    {
        if (after.Length == 0)
        {
            return (-1, -1);
        }

        var parts = after.Split('.').Select(part => long.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1).ToArray();
        return parts is [>= 0, >= 0 and <= int.MaxValue, >= 0 and <= int.MaxValue]
            ? parts[0] == version ? ((int)parts[1], (int)parts[2])
                : throw RpcFault.Of(StatusCode.Aborted, Reason.PageStale, "The wallet has changed since the page before. Begin again without after_line.")
            : throw RpcFault.Of(StatusCode.InvalidArgument, Reason.FieldInvalid, "after_line must be the next_line of the answer before.");
    }

    private sealed record Place(int Bucket, int Number, RightLine Line);
}
