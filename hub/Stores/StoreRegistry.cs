using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using SyncHub.Core.Mechanisms;
using SyncHub.Core.Primitives;
using SyncHub.Core.Protocol;
using SyncHub.Protos.Trust;
using SyncHub.Storage;

namespace SyncHub.Hub.Stores;

/// <summary>The chain's stores: names, one-time codes, keys, lives, and how much money each may spend (its exposure).</summary>
/// <remarks>Thread-safe. Changes are written through the commit pipeline's batches; codes are kept as hashes only.</remarks>
internal sealed class StoreRegistry
{
    /// <summary>The journal's cursor of how far a chain is durable and applied.</summary>
    public const string CommittedCursor = "committed";

    private const long FirstTermSecond = 1_577_836_800; // 2020-01-01: terms fit 31 bits until 2088
    private const string Documents = "store";
    private const string MoneyDocuments = "exposure";
    private const string CreditDocuments = "exposure-credit";
    private const string FloorDocuments = "exposure-floor";
    private static readonly TimeSpan CodeLife = TimeSpan.FromMinutes(30);
    private static readonly byte[] TermKey = "term"u8.ToArray();
    private readonly Lock _gate = new();
    private readonly SortedDictionary<StoreId, Store> _stores = [];
    private readonly SortedDictionary<StoreId, Exposure> _exposure = [];
    private readonly SortedSet<StoreId> _dirty = [];
    private readonly Dictionary<StoreId, byte[]> _written = [];
    private readonly SignedHeads _signed = new();
    private int _reconciling;
    private readonly Dictionary<Holder, (long Sequence, OpHash Hash)> _cursors = [];
    private readonly TimeProvider _time;

    private StoreRegistry(TimeProvider time, Cell cell) => (_time, Cell) = (time, cell);

    /// <summary>Which of the chain's cells these stores' members are in.</summary>
    public Cell Cell { get; }

    /// <summary>The first life that may be given now; what was given before in this term comes above it.</summary>
    public Incarnation FirstLife => Incarnation.First(Term, Cell.Number);

    /// <summary>The life of the hub's database: one more after each restore.</summary>
    public int Term { get; private set; } = 1;

    /// <summary>Whether any store has not been heard out since the hub was restored.</summary>
    public bool IsReconciling => Volatile.Read(ref _reconciling) > 0;

    /// <summary>Counts up with each new store, so that agents can tell an older list.</summary>
    public int Version => Count + 1;

    /// <summary>How many stores there are.</summary>
    public int Count => _stores.Count;

    /// <summary>Reads the stores from the journal.</summary>
    public static StoreRegistry Load(IJournal journal, TimeProvider time) => Load(journal, time, Cell.Only);

    /// <inheritdoc cref="Load(IJournal, TimeProvider)"/>
    public static StoreRegistry Load(IJournal journal, TimeProvider time, Cell cell)
    {
        var registry = new StoreRegistry(time, cell);
        registry.Term = ReadTerm(journal);
        foreach (var document in journal.ReadDocuments(Documents, default, default, int.MaxValue))
        {
            var store = StoreCodec.Decode(document.Value);
            registry._stores[store.Id] = store;
            registry._written[store.Id] = document.Value;
        }

        registry.CountReconciling();
        registry.ReadExposure(journal, MoneyDocuments, static amount => new Exposure(amount, 0, 0));
        registry.ReadExposure(journal, CreditDocuments, static amount => new Exposure(0, amount, 0));
        registry.ReadExposure(journal, FloorDocuments, static amount => new Exposure(0, 0, amount));

        return registry;
    }

    /// <summary>All stores, by number.</summary>
    public IReadOnlyList<Store> All()
    {
        lock (_gate)
        {
            return [.. _stores.Values];
        }
    }

    /// <summary>A store, or null.</summary>
    public Store? Find(StoreId id)
    {
        lock (_gate)
        {
            return _stores.GetValueOrDefault(id);
        }
    }

    /// <summary>What a store may spend now, and what it has advanced.</summary>
    public Exposure ExposureOf(StoreId id)
    {
        lock (_gate)
        {
            return _exposure.GetValueOrDefault(id);
        }
    }

    /// <summary>A new store, or a new code for one that there is: for a first or new life, or for a new key of its machine. The code is returned once.</summary>
    public (Store Store, string Code) Create(StoreId wanted, string name, bool renews = false)
    {
        var code = RandomNumberGenerator.GetString(EnrolmentCode.Alphabet, EnrolmentCode.SecretLength);
        lock (_gate)
        {
            var id = wanted.Value > 0 ? wanted : new StoreId(_stores.Count == 0 ? 1 : _stores.Keys.Max().Value + 1);
            var store = _stores.GetValueOrDefault(id) ?? new Store(id, name.Length == 0 ? $"Store {id}" : name);
            store = store with { CodeHash = Hash(code), CodeRenews = renews, CodeValidUntilMs = (_time.GetUtcNow() + CodeLife).ToUnixTimeMilliseconds() };
            Put(store);
            return (store, code);
        }
    }

    /// <summary>Uses a one-time code: the store begins a life, or goes on with a new key. Null for a wrong, used or old code, or one for the other purpose.</summary>
    /// <param name="code">The code's secret part.</param>
    /// <param name="key">The machine's key, whose life is filled in here; null at a hub without certificates.</param>
    /// <param name="renews">Whether the machine has a life that goes on.</param>
    public Store? Enrol(string code, StoreKey? key = null, bool renews = false)
    {
        var hash = Hash(code.Trim().ToUpperInvariant());
        lock (_gate)
        {
            var now = _time.GetUtcNow().ToUnixTimeMilliseconds();
            var store = _stores.Values.FirstOrDefault(store => !store.CodeHash.IsEmpty && CryptographicOperations.FixedTimeEquals(store.CodeHash.Span, hash));
            if (store is null || store.CodeValidUntilMs < now || store.CodeRenews != renews)
            {
                return null;
            }

            store = store with { CodeHash = default, CodeValidUntilMs = 0, CodeRenews = false };
            if (!renews)
            {
                // The log of the life before is lost with its machine; what it held is reclaimed.
                store = store with { Lives = store.Lives.Begin(FirstLife, default, default), IsReconciling = false };
            }

            if (key is not null)
            {
                store = store with { Keys = StoreKeys.Enrol(store.Keys, key with { Life = store.Incarnation }, now) };
            }

            Put(store);
            return store;
        }
    }

    /// <summary>Keeps the proof of a chain's ops; written no later than they are.</summary>
    public void KeepSigned(Holder chain, LogHead head, byte[] keyId, ReadOnlyMemory<byte> signature)
    {
        lock (_gate)
        {
            _signed.Keep(chain, head, keyId, signature);
        }
    }

    /// <summary>Keeps the note that an op came on a receipt; written no later than the op is.</summary>
    public void KeepReceiptOp(OpId place)
    {
        lock (_gate)
        {
            _signed.KeepReceiptOp(place);
        }
    }

    /// <summary>Changes a store; written with the next batch.</summary>
    /// <returns>The store as it is now.</returns>
    public Store Update(StoreId id, Func<Store, Store> change)
    {
        lock (_gate)
        {
            var before = _stores[id];
            var after = change(before);
            if (after != before)
            {
                Put(after);
            }

            return _stores[id];
        }
    }

    /// <summary>A hub that was restored from an older copy begins a new term, in which every enrolled store is heard out before anything is granted.</summary>
    /// <param name="journal">The restored journal.</param>
    /// <param name="now">The time of the restore. Two restores from one copy must not begin the same term, or numbers would be given twice; so the term is taken from the clock, and is above the copy's own.</param>
    /// <param name="served">The newest term that is known to have been served; the copy may have forgotten it, and the clock may have gone back.</param>
    /// <returns>The new term and how many stores have to report.</returns>
    public static async Task<(int Term, int Stores)> BeginTermAsync(IJournal journal, DateTimeOffset now, int served)
    {
        var term = Switches.IsOff(Mechanism.TermsNeverTwice) ? ReadTerm(journal) + 1 : Math.Max(Math.Max(ReadTerm(journal), served) + 1, (int)(now.ToUnixTimeSeconds() - FirstTermSecond));
        var batch = new JournalBatch();
        batch.Documents.Add(new DocumentWrite("meta", TermKey, Encoding.ASCII.GetBytes(term.ToString(System.Globalization.CultureInfo.InvariantCulture))));
        var count = 0;
        foreach (var document in journal.ReadDocuments(Documents, default, default, int.MaxValue))
        {
            var store = StoreCodec.Decode(document.Value);
            if (store.IsEnrolled)
            {
                batch.Documents.Add(new DocumentWrite(Documents, document.Key, StoreCodec.Encode(store with { IsReconciling = true, Version = store.Version + 1 })));
                count++;
            }
        }

        await journal.CommitAsync(batch).ConfigureAwait(false);
        return (term, count);
    }

    /// <summary>Remembers how far a store's ops are durable; written with the next batch, so it may lag and never leads.</summary>
    public void MoveCursor(Holder holder, long sequence, OpHash hash)
    {
        lock (_gate)
        {
            _cursors[holder] = (sequence, hash);
        }
    }

    /// <summary>Adds what changed here to a batch. Called in commit order.</summary>
    public void AddTo(JournalBatch batch, IReadOnlyDictionary<StoreId, Exposure>? exposure)
    {
        lock (_gate)
        {
            foreach (var id in _dirty)
            {
                // The fence against a second hub: it may not write a store that it has not read in its newest state.
                var bytes = StoreCodec.Encode(_stores[id]);
                batch.Documents.Add(new DocumentWrite(Documents, KeyOf(id), bytes) { Expected = _written.GetValueOrDefault(id) ?? [] });
                _written[id] = bytes;
            }

            _dirty.Clear();
            _signed.AddTo(batch);
            foreach (var (holder, cursor) in _cursors)
            {
                batch.Cursors.Add(new CursorMove(CommittedCursor, new ProducerId(holder.Store.Value, holder.Incarnation.Value), cursor.Sequence, cursor.Hash.ToBytes()));
            }

            _cursors.Clear();
            foreach (var (id, delta) in exposure ?? new Dictionary<StoreId, Exposure>())
            {
                // A sum, so a hub that has an old one may not write: the fence refuses its whole batch.
                var isKnown = _exposure.TryGetValue(id, out var sum);
                var after = _exposure[id] = sum + delta;
                Add(batch, MoneyDocuments, id, isKnown, sum.MoneyMinor, after.MoneyMinor);
                Add(batch, CreditDocuments, id, isKnown, sum.CreditMinor, after.CreditMinor);
                Add(batch, FloorDocuments, id, isKnown, sum.FloorMinor, after.FloorMinor);
            }
        }
    }

    // The money's sum is always there, because it is the fence; of the others there is a document where there was ever anything.
    private static void Add(JournalBatch batch, string collection, StoreId id, bool isKnown, long before, long after)
    {
        if (collection == MoneyDocuments ? !isKnown || before != after : before != after)
        {
            batch.Documents.Add(new DocumentWrite(collection, KeyOf(id), collection != MoneyDocuments && after == 0 ? null : BytesOf(after))
            {
                Expected = collection == MoneyDocuments ? (isKnown ? BytesOf(before) : []) : before == 0 ? [] : BytesOf(before),
            });
        }
    }

    private void ReadExposure(IJournal journal, string collection, Func<long, Exposure> read)
    {
        foreach (var document in journal.ReadDocuments(collection, default, default, int.MaxValue))
        {
            var id = new StoreId(BinaryPrimitives.ReadInt32BigEndian(document.Key));
            _exposure[id] = _exposure.GetValueOrDefault(id) + read(BinaryPrimitives.ReadInt64BigEndian(document.Value));
        }
    }

    private void Put(Store store)
    {
        _stores[store.Id] = store with { Version = store.Version + 1 };
        _dirty.Add(store.Id);
        CountReconciling();
    }

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));

    private static byte[] BytesOf(long value)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(bytes, value);
        return bytes;
    }

    private static byte[] KeyOf(StoreId id)
    {
        var key = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(key, id.Value);
        return key;
    }

    /// <summary>The term of a hub's database.</summary>
    public static int ReadTerm(IJournal journal) =>
        journal.ReadDocument("meta", TermKey) is { } term ? int.Parse(Encoding.ASCII.GetString(term), System.Globalization.CultureInfo.InvariantCulture) : 1;

    private void CountReconciling() => Volatile.Write(ref _reconciling, _stores.Values.Count(static store => store.IsReconciling));
}
