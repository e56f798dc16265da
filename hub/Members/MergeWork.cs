using System.Buffers.Binary;
using SyncHub.Core.Mechanisms;
using SyncHub.Core.Members;
using SyncHub.Core.Primitives;
using SyncHub.Hub.Grains;
using SyncHub.Storage;

namespace SyncHub.Hub.Members;

/// <summary>What is under way between members: documents of the journal, with what is on its way to the disk laid over them. A hub that starts again goes on with it.</summary>
/// <remarks>
/// Written and ended by the sender's partition alone, in the commit of its events. A document says up to which version of its sender it reaches, and is fenced by what it
/// said before: of two hubs over one journal, the one that is not the newest any more neither ends nor lowers what the other one has begun, even where nothing but this is written.
/// Thread-safe: every partition asks it.
/// </remarks>
internal sealed class MergeWork(IJournal journal)
{
    private const string Collection = "underway";
    private const int IdBytes = 16;
    private readonly Lock _gate = new();
    private readonly Dictionary<Work, (byte[]? Document, int Changes)> _unwritten = [];

    /// <summary>Writes or ends a piece of work.</summary>
    /// <returns>What is to be said to <see cref="Durable"/> when the batch is; null where there was nothing to write.</returns>
    public Work? Write(JournalBatch batch, UnderWay change)
    {
        if (Switches.IsOff(Mechanism.MergeWorkIsDurable))
        {
            return null;
        }

        var work = new Work(change.Kind, change.From, change.To);
        var key = KeyOf(work);
        var before = Read(work, key);
        if (change.IsDone ? before is null || !change.Ends(VersionOf(before)) : before is not null && VersionOf(before) >= change.Version)
        {
            return null;
        }

        var after = change.IsDone ? null : BytesOf(change.Version);
        batch.Documents.Add(new DocumentWrite(Collection, key, after) { Expected = before is { Length: 0 } ? null : before ?? [] }); // an empty one is of a hub that wrote no versions
        lock (_gate)
        {
            _unwritten[work] = (after, _unwritten.GetValueOrDefault(work).Changes + 1);
        }

        return work;
    }

    /// <summary>A change that <see cref="Write"/> made is durable.</summary>
    public void Durable(Work work)
    {
        lock (_gate)
        {
            var (document, changes) = _unwritten[work];
            if (changes > 1)
            {
                _unwritten[work] = (document, changes - 1);
            }
            else
            {
                _unwritten.Remove(work);
            }
        }
    }

    /// <summary>Whether a piece of work is durable and has not ended.</summary>
    public static bool IsWritten(IJournal journal, Work work) => journal.ReadDocument(Collection, KeyOf(work)) is not null;

    /// <summary>Asks the senders of everything that was under way to say it again.</summary>
    public static void Resume(IJournal journal, GrainDirectory grains)
    {
        foreach (var document in journal.ReadDocuments(Collection, default, default, int.MaxValue))
        {
            var (from, to) = (MemberId.FromBytes(document.Key.AsSpan(1, IdBytes)), MemberId.FromBytes(document.Key.AsSpan(1 + IdBytes, IdBytes)));
            grains.Post(new GrainMessage(from, new ResumeMerge((UnderWayKind)document.Key[0], to)));
        }
    }

    private byte[]? Read(Work work, byte[] key)
    {
        lock (_gate)
        {
            if (_unwritten.TryGetValue(work, out var unwritten))
            {
                return unwritten.Document;
            }
        }

        return journal.ReadDocument(Collection, key);
    }

    private static byte[] KeyOf(Work work) => [(byte)work.Kind, .. work.From.ToBytes(), .. work.To.ToBytes()];

    private static byte[] BytesOf(long version)
    {
        var bytes = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(bytes, version);
        return bytes;
    }

    private static long VersionOf(byte[] document) => document.Length == sizeof(long) ? BinaryPrimitives.ReadInt64BigEndian(document) : 0;

    /// <summary>Something between two members.</summary>
    internal readonly record struct Work(UnderWayKind Kind, MemberId From, MemberId To);
}
