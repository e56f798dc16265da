using System.Globalization;
using System.IO.Compression;
using CsvHelper;

namespace SyncHub.Demo.Traces;

/// <summary>Reads a trace of receipts from CSV or gzipped CSV. The header's names decide; their order does not, and unknown ones are ignored.</summary>
/// <remarks>
/// A line that cannot be read is noted with its number and left out; only a file without the needed columns, or one that
/// ends in the middle of its compression, is refused. The format has no line breaks inside fields, so a quote that nobody
/// closed costs its own line and not the rest of the file.
/// </remarks>
public static class TraceReader
{
    private static readonly string[] Needed = ["occurred_at", "store_id", "member_id", "amount_minor"];

    /// <summary>Reads the file.</summary>
    /// <exception cref="DemoException">The file cannot be read as a trace at all.</exception>
    public static Trace Read(string path)
    {
        using var file = File.OpenRead(path);
        return Read(file, path);
    }

    /// <summary>Reads a stream, gzipped or not; which it is shows in its first two bytes.</summary>
    /// <exception cref="DemoException">The stream cannot be read as a trace at all.</exception>
    public static Trace Read(Stream stream, string source)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using var plain = IsGzip(stream) ? new GZipStream(stream, CompressionMode.Decompress, leaveOpen: true) : stream;
        var bad = new List<BadLine>();
        using var csv = CsvReader.Create(plain, new CsvReaderOptions
        {
            Separator = ',',
            AllowLineBreaksInQuotes = false,
            TrimWhitespace = true,
            TrackLineNumbers = true,
            PoolStrings = true, // stores and members come again and again
            MalformedData = CsvMalformedDataHandling.Skip,
            FieldCountMismatch = CsvFieldCountHandling.Skip,
            OnMalformedRecord = record => bad.Add(new BadLine((int)record.LineNumber, InWords(record))),
        }, leaveOpen: true);
        var reading = new Reading(source, csv, bad);
        try
        {
            return reading.ToEnd();
        }
        catch (InvalidDataException error)
        {
            throw new DemoException($"{source} is damaged after line {reading.Line}: {error.Message} Fetch the file again.", error);
        }
    }

    private static bool IsGzip(Stream stream)
    {
        Span<byte> magic = stackalloc byte[2];
        var start = stream.Position;
        var isGzip = stream.ReadAtLeast(magic, 2, throwOnEndOfStream: false) == 2 && magic[0] == 0x1f && magic[1] == 0x8b;
        stream.Position = start;
        return isGzip;
    }

    private static string Shorten(string text) => text.Length <= 60 ? text.TrimEnd() : $"{text.AsSpan(0, 60)}…";

    private static string InWords(CsvMalformedRecord record) => record.Reason switch
    {
        CsvMalformedReason.FieldCountMismatch => $"more or fewer fields than the header: {Shorten(record.RawRecord)}",
        _ => $"a quote is out of place: {Shorten(record.RawRecord)}",
    };

    /// <summary>One pass over one file.</summary>
    private sealed class Reading(string source, CsvReader csv, List<BadLine> bad)
    {
        private readonly List<TraceRow> _rows = [];
        private int _time, _store, _member, _amount, _otherKinds, _withoutMember, _zeroAmounts;
        private int? _kind;

        /// <summary>The last line that was read.</summary>
        public int Line { get; private set; }

        public Trace ToEnd()
        {
            FindColumns();
            while (csv.Read())
            {
                Line = (int)csv.LineNumber;
                if (FindFault() is { } fault)
                {
                    bad.Add(new BadLine(Line, fault));
                }
            }

            return new Trace
            {
                Source = source,
                Rows = [.. _rows.OrderBy(row => row.At)], // stable: rows of one moment stay in the file's order
                BadLines = [.. bad.OrderBy(line => line.Line)],
                OtherKinds = _otherKinds,
                WithoutMember = _withoutMember,
                ZeroAmounts = _zeroAmounts,
            };
        }

        private void FindColumns()
        {
            var missing = Needed.Where(name => !csv.TryGetFieldIndex(name, out _)).ToArray();
            if (missing.Length > 0)
            {
                throw new DemoException($"{source} lacks the column {string.Join(" and ", missing)}; its header must name {string.Join(',', Needed)}, and may name kind.");
            }

            (_time, _store, _member, _amount) = (csv.GetFieldIndex(Needed[0]), csv.GetFieldIndex(Needed[1]), csv.GetFieldIndex(Needed[2]), csv.GetFieldIndex(Needed[3]));
            _kind = csv.TryGetFieldIndex("kind", out var kind) ? kind : null;
        }

        /// <summary>Takes the current line, or says why it cannot.</summary>
        private string? FindFault()
        {
            var kind = _kind is { } column ? csv.GetString(column).ToLowerInvariant() : "";
            if (kind is not ("" or "purchase" or "sale" or "refund"))
            {
                _otherKinds++;
                return null;
            }

            if (!long.TryParse(csv.GetString(_amount), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var amount) || amount == long.MinValue)
            {
                return $"amount_minor is not a whole number: {Shorten(csv.GetString(_amount))}";
            }

            if (kind == "refund" && amount > 0)
            {
                return $"a refund must be below zero; it is {amount}";
            }

            // A time without an offset is taken as UTC: only the order matters, and it must not depend on the machine.
            if (!DateTimeOffset.TryParse(csv.GetString(_time), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at))
            {
                return $"occurred_at is not a time: {Shorten(csv.GetString(_time))}";
            }

            var row = new TraceRow(Line, at, csv.GetString(_store), csv.GetString(_member), amount);
            if (row.Store.Length == 0)
            {
                return "no store_id";
            }

            Take(row);
            return null;
        }

        private void Take(TraceRow row)
        {
            if (row.Member.Length == 0)
            {
                _withoutMember++;
            }
            else if (row.AmountMinor == 0)
            {
                _zeroAmounts++;
            }
            else
            {
                _rows.Add(row);
            }
        }
    }
}
