using System.Data;
using System.Security.Cryptography;
using Npgsql;
using NpgsqlTypes;
using SyncHub.Storage.Audit;
using SyncHub.Storage.Retention;
using SyncHub.Storage.Sealing;
using SyncHub.Storage.Sqlite.Audit;

namespace SyncHub.Storage.Postgres.Audit;

/// <summary>The rows of a journal in PostgreSQL as they are.</summary>
/// <remarks>
/// It shares no code with <see cref="PostgresJournal"/>: other queries, no migration, no lease, no repair. It is one read-only transaction at
/// REPEATABLE READ, so hubs may go on writing; dispose of it soon, because until then the database cannot vacuum what it still may see.
/// </remarks>
public sealed partial class JournalDatabaseReader : IJournalRows, IHqRows
{
    private readonly string _name;
    private readonly NpgsqlConnection _connection;
    private readonly string[] _keyFiles;
    private readonly List<(JournalPart Part, JournalFileReader File)> _gone = [];
    private NpgsqlTransaction? _view;
    private IReadOnlySet<string>? _hiddenKeys; // null: not sealed
    private Sealer? _sealer;

    private JournalDatabaseReader(string name, NpgsqlConnection connection, string[] keyFiles)
    {
        _keyFiles = keyFiles;
        _name = name;
        _connection = connection;
    }

    /// <summary>What to call the journal in messages; without user and password.</summary>
    public static string NameOf(string connectionString, string schema = "")
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        return $"postgresql://{settings.Host}:{settings.Port}/{settings.Database} schema {SchemaOf(settings, schema)}";
    }

    /// <summary>Opens the journal in <paramref name="schema"/>; empty: the connection string's Search Path, or "synchub". A sealed journal is read with the first of <paramref name="keyFiles"/> that exists.</summary>
    /// <exception cref="JournalUnavailableException">It cannot be reached, or there is no journal.</exception>
    /// <exception cref="ArgumentException">The connection string is wrong.</exception>
    public static JournalDatabaseReader Open(string connectionString, string schema = "", params string[] keyFiles) => OpenWithParts(connectionString, schema, "", keyFiles);

    /// <summary>The same with the folder of the parts that have left the database.</summary>
    /// <inheritdoc cref="Open"/>
    public static JournalDatabaseReader OpenWithParts(string connectionString, string schema, string partsFolder, params string[] keyFiles)
    {
        ArgumentException.ThrowIfNullOrEmpty(connectionString);
        var settings = new NpgsqlConnectionStringBuilder(connectionString) { IncludeErrorDetail = false, Pooling = false, Enlist = false, ApplicationName = "synchub verify", CommandTimeout = 0 };
        if (settings.Host?.Contains(',', StringComparison.Ordinal) == true)
        {
            settings.TargetSessionAttributes = "prefer-primary"; // a standby may be a little behind
        }


        var reader = new JournalDatabaseReader(NameOf(connectionString, schema), new NpgsqlConnection(settings.ConnectionString), keyFiles);
        try
        {
            reader.TakeView(SchemaOf(settings, schema));
            var mark = reader.Rows("SELECT value FROM document WHERE collection = $1", static row => Bytes(row, 0), Collection(SealMark.Collection)).FirstOrDefault();
            reader._hiddenKeys = mark is null ? null : SealMark.Decode(mark);
            reader.OpenParts(partsFolder);
            return reader;
        }
        catch
        {
            reader.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public IEnumerable<RecordRow> Records() => _gone.SelectMany(part => part.File.Records()).Concat(RecordsHere());

    /// <inheritdoc/>
    public IEnumerable<StoredFact> Facts() => InOrder([.. _gone.Select(part => part.File.Facts()), FactsHere()]);

    private IEnumerable<RecordRow> RecordsHere() =>
        Rows("SELECT position, partition, uuid_send(stream), version, payload, store, incarnation, sequence FROM record ORDER BY position", row =>
            new RecordRow(row.GetInt64(0), row.GetInt32(1), Stream(row, 2), row.GetInt64(3), Opened(row, 4, Place.OfRecord(Stream(row, 2), row.GetInt64(3))), row.IsDBNull(5) ? null : new FactKey(Producer(row, 5), row.GetInt64(7))));

    private IEnumerable<StoredFact> FactsHere() =>
        Rows("SELECT store, incarnation, sequence, hash, bytes FROM fact ORDER BY store, incarnation, sequence", row =>
            new StoredFact(Producer(row, 0), row.GetInt64(2), Bytes(row, 3), Opened(row, 4, Place.OfFact(Producer(row, 0), row.GetInt64(2)))));

    /// <inheritdoc/>
    public IEnumerable<SnapshotRow> Snapshots() =>
        Rows("SELECT uuid_send(stream), version, payload FROM snapshot ORDER BY stream", row =>
            new SnapshotRow(Stream(row, 0), row.GetInt64(1), Opened(row, 2, Place.OfSnapshot(Stream(row, 0), row.GetInt64(1)))));

    /// <inheritdoc/>
    public IEnumerable<CursorRow> Cursors() =>
        Rows("SELECT name, store, incarnation, sequence, hash FROM cursor ORDER BY name, store, incarnation", static row =>
            new CursorRow(row.GetString(0), Producer(row, 1), row.GetInt64(3), Bytes(row, 4)));

    /// <inheritdoc/>
    public IEnumerable<DocumentRow> Documents(string? collection = null) =>
        Rows("SELECT collection, key, value FROM document WHERE $1 IS NULL OR collection = $1 ORDER BY collection, key", row =>
            Opened(new DocumentRow(row.GetString(0), Bytes(row, 1), Bytes(row, 2))), Collection(collection));

    /// <inheritdoc/>
    public IEnumerable<BalanceRow> Balances() =>
        Rows("SELECT partition, account, asset, amount FROM balance ORDER BY account, asset, partition", static row =>
            new BalanceRow(row.GetInt32(0), row.GetString(1), row.GetString(2), row.GetInt64(3)));

    /// <inheritdoc/>
    /// <remarks>PostgreSQL checks its own pages (data checksums, pg_amcheck); here it is what the journal promises: positions without gaps, up to the head of the feed, and parts that are what they were when they left.</remarks>
    public IReadOnlyList<string> IntegrityCheck()
    {
        var left = _gone.Sum(part => part.Part.Records);
        var (count, newest, head) = Rows("SELECT (SELECT count(*) FROM record), (SELECT coalesce(max(position), 0) FROM record), (SELECT position FROM feed)",
            static row => (row.GetInt64(0), row.GetInt64(1), row.GetInt64(2))).Single();
        List<string> wrong = [.. _gone.Where(part => !IsAsItLeft(part.Part, part.File.FilePath)).Select(part => $"{part.File.FilePath} is not what left the database as part {part.Part.Number}: its SHA-256 differs. Bring it back from a backup of its folder.")];
        if (left + count != head || (count > 0 && newest != head))
        {
            wrong.Add($"{count} records here and {left} in parts that have left, the newest at position {newest}, the head of the feed at {head}; expected as many, and no other end");
        }
        return wrong.Count > 0 ? wrong : ["ok"];
    }

    /// <summary>Ends the view.</summary>
    public void Dispose()
    {
        foreach (var part in _gone)
        {
            part.File.Dispose();
        }
        _view?.Dispose();
        _connection.Dispose();
    }

    private void OpenParts(string folder)
    {
        if (!Rows("SELECT to_regclass('journal_part') IS NOT NULL", static row => row.GetBoolean(0)).Single())
        {
            return; // of before there were parts
        }
        foreach (var part in Rows("SELECT number, first, last, file, sha256 FROM journal_part WHERE left_at IS NOT NULL ORDER BY number",
            static row => new JournalPart(row.GetInt32(0), row.GetInt64(1), row.GetInt64(2), row.GetString(3), Bytes(row, 4))).ToList())
        {
            var path = Path.Combine(folder, part.File);
            if (folder.Length == 0 || !File.Exists(path))
            {
                throw new JournalUnavailableException(JournalFault.InputOutput, $"{_name}: records {part.First} to {part.Last} have left the database for {part.File}, which is not {(folder.Length == 0 ? "given" : $"in {folder}")}. Give the folder of the hub's parts with --parts.");
            }
            _gone.Add((part, JournalFileReader.OpenPart(path, _keyFiles)));
        }
    }

    private static bool IsAsItLeft(JournalPart part, string path)
    {
        using var file = File.OpenRead(path);
        return SHA256.HashData(file).AsSpan().SequenceEqual(part.Sha256);
    }

    // Each source is in order by itself.
    private static IEnumerable<StoredFact> InOrder(IReadOnlyList<IEnumerable<StoredFact>> sources)
    {
        var next = new PriorityQueue<IEnumerator<StoredFact>, (long, long, long)>();
        try
        {
            foreach (var source in sources.Select(source => source.GetEnumerator()))
            {
                Advance(source);
            }
            while (next.TryDequeue(out var source, out _))
            {
                yield return source.Current;
                Advance(source);
            }
        }
        finally
        {
            foreach (var (source, _) in next.UnorderedItems)
            {
                source.Dispose();
            }
        }

        void Advance(IEnumerator<StoredFact> source)
        {
            if (source.MoveNext())
            {
                next.Enqueue(source, (source.Current.Producer.Store, source.Current.Producer.Incarnation, source.Current.Sequence));
            }
            else
            {
                source.Dispose();
            }
        }
    }

    // Only where content is asked for: what needs none needs no keys.
    private Sealer Keys() => _sealer ??= new Sealer(KeyRing.Open(Array.Find(_keyFiles, File.Exists)
        ?? throw new JournalUnavailableException(JournalFault.Locked, $"{_name}: it is sealed, and there is no key file at {string.Join(" or ", _keyFiles)}. Put the hub's key file there.")));

    private byte[] Opened(NpgsqlDataReader row, int column, byte[] place) => _hiddenKeys is null ? Bytes(row, column) : Keys().Open(Bytes(row, column), place);

    private DocumentRow Opened(DocumentRow row)
    {
        if (_hiddenKeys is null || row.Collection == SealMark.Collection)
        {
            return row;
        }

        var (key, value) = new DocumentSeal(Keys(), _hiddenKeys).Open(row.Collection, row.Key, row.Value);
        return row with { Key = key, Value = value };
    }

    private static NpgsqlParameter Collection(string? name) => new() { Value = (object?)name ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text };

    private static string SchemaOf(NpgsqlConnectionStringBuilder settings, string schema) =>
        schema.Length > 0 ? schema : settings.SearchPath is { Length: > 0 } path ? path : "synchub";

    private void TakeView(string schema)
    {
        try
        {
            _connection.Open();
            _view = _connection.BeginTransaction(IsolationLevel.RepeatableRead);
            // Before the view is taken: a part that left in between would be missing in it.
            using (var hold = new NpgsqlCommand($"SET LOCAL search_path TO \"{schema.Replace("\"", "\"\"", StringComparison.Ordinal)}\"; LOCK TABLE record, fact IN ACCESS SHARE MODE", _connection))
            {
                hold.ExecuteNonQuery();
            }
            using var command = new NpgsqlCommand("SELECT set_config('search_path', quote_ident($1), true), set_config('transaction_read_only', 'on', true), to_regclass(quote_ident($1) || '.record') IS NOT NULL", _connection)
            {
                Parameters = { new() { Value = schema } },
            };
            using var row = command.ExecuteReader();
            if (!row.Read() || !row.GetBoolean(2))
            {
                throw new JournalUnavailableException(JournalFault.InputOutput, $"{_name}: there is no journal. Check database and schema.");
            }
        }
        catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.UndefinedTable)
        {
            throw new JournalUnavailableException(JournalFault.InputOutput, $"{_name}: there is no journal. Check database and schema.", error);
        }
        catch (NpgsqlException error)
        {
            throw Unreadable(error);
        }
    }

    private IEnumerable<T> Rows<T>(string sql, Func<NpgsqlDataReader, T> row, params NpgsqlParameter[] parameters)
    {
        using var command = new NpgsqlCommand(sql, _connection);
        command.Parameters.AddRange(parameters);
        using var rows = Guarded(() => command.ExecuteReader());
        while (Guarded(rows.Read))
        {
            yield return Guarded(() => row(rows));
        }
    }

    private T Guarded<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (NpgsqlException error)
        {
            throw Unreadable(error);
        }
    }

    private JournalUnavailableException Unreadable(NpgsqlException error) =>
        new(JournalFault.InputOutput, $"{_name}: cannot be read ({error.Message}). Check host, user, password and database; the user needs USAGE on the schema and SELECT on its tables.", error);

    private static ProducerId Producer(NpgsqlDataReader row, int column) => new(row.GetInt64(column), row.GetInt64(column + 1));

    private static StreamId Stream(NpgsqlDataReader row, int column) => new(System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(Bytes(row, column)));

    private static byte[] Bytes(NpgsqlDataReader row, int column) => row.GetFieldValue<byte[]>(column);
}
