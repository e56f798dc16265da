using SyncHub.Core.Mechanisms;
using SyncHub.Core.Members;
using SyncHub.Core.Primitives;
using SyncHub.Hub.Grains;
using SyncHub.Storage;

namespace SyncHub.Hub.Members;

/// <summary>What is under way between members, as documents: a hub that starts again goes on with it.</summary>
/// <remarks>Written and ended by the sender's partition alone, in the commit of its events, so no two writers ever meet.</remarks>
internal static class MergeWork
{
    private const string Collection = "underway";
    private const int IdBytes = 16;

    /// <summary>Writes or ends a piece of work.</summary>
    public static void Write(JournalBatch batch, UnderWay work)
    {
        if (Switches.IsOff(Mechanism.MergeWorkIsDurable))
        {
            return;
        }

        byte[] key = [(byte)work.Kind, .. work.From.ToBytes(), .. work.To.ToBytes()];
        batch.Documents.Add(new DocumentWrite(Collection, key, work.IsDone ? null : []));
    }

    /// <summary>Asks the senders of everything that was under way to say it again.</summary>
    public static void Resume(IJournal journal, GrainDirectory grains)
    {
        foreach (var document in journal.ReadDocuments(Collection, default, default, int.MaxValue))
        {
            var (from, to) = (MemberId.FromBytes(document.Key.AsSpan(1, IdBytes)), MemberId.FromBytes(document.Key.AsSpan(1 + IdBytes, IdBytes)));
            grains.Post(new GrainMessage(from, new ResumeMerge((UnderWayKind)document.Key[0], to)));
        }
    }
}
