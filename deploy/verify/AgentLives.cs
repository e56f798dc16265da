using System.Buffers.Binary;
using Google.Protobuf;
using SyncHub.Storage;
using SyncHub.Storage.Audit;
using SyncHub.V1;

namespace SyncHub.Verify;

/// <summary>The part of check 2 that knows that a database may have had more than one life: which is the present one, and how the others ended.</summary>
internal static class AgentLives
{
    // The first life of a hub's first term: lines were written without saying whose they are when there was no other.
    private const long FirstLife = (1L << 32) | 1;

    /// <summary>Reads the present life, which the file says itself, and what is remembered of earlier ones. The identity beside the file is that of its enrolment.</summary>
    public static void Read(IJournalRows file, AgentLog log, FindingLog findings)
    {
        foreach (var document in file.Documents("meta").Where(document => document.Key.AsSpan().SequenceEqual("identity"u8)))
        {
            if (Parse(AgentIdentity.Parser, document.Value) is not { } identity)
            {
                findings.Add(FindingCodes.AgentIdentity, $"{log.Path}: what it says of itself cannot be read; expected store and incarnation");
                continue;
            }

            var present = new ProducerId(identity.Store, identity.Incarnation);
            if (log.Current is { } enrolled && (enrolled.Store != present.Store || enrolled.Incarnation > present.Incarnation))
            {
                findings.Add(FindingCodes.AgentIdentity, $"{log.Path}: is in the life of {OpText.Of(present)}, but lies with the identity of {OpText.Of(enrolled)}; expected the same store, and that life or a later one");
            }

            log.Current = present;
        }

        foreach (var document in file.Documents("dead"))
        {
            if (document.Key.Length == 8 && Parse(DeadLogState.Parser, document.Value) is { } dead)
            {
                log.Dead[BinaryPrimitives.ReadInt64BigEndian(document.Key)] = dead;
            }
            else
            {
                findings.Add(FindingCodes.DeadLogDiffers, $"{log.Path}: what it remembers of an earlier life (key {Convert.ToHexString(document.Key)}) cannot be read");
            }
        }
    }

    /// <summary>Whether lines count for this life; those of another one count nothing.</summary>
    public static bool IsOf(AgentLines lines, ProducerId? life) =>
        life is not { } present || lines.Incarnation == present.Incarnation || (lines.Incarnation == 0 && present.Incarnation == FirstLife);

    /// <summary>The log of an earlier life lies here up to where it ended.</summary>
    public static void CheckDeadLogs(AgentLog log, FindingLog findings)
    {
        foreach (var (incarnation, dead) in log.Dead)
        {
            var life = new ProducerId(log.Current?.Store ?? 0, incarnation);
            var (tip, hash) = log.Producers.TryGetValue(life, out var producer) ? (producer.Tip, producer.TipHash) : (0, Chain.Genesis);
            var expected = dead.TipHash.IsEmpty ? Chain.Genesis : dead.TipHash.ToByteArray();
            if (tip != dead.TipSequence || !hash.AsSpan().SequenceEqual(expected) || dead.Acknowledged > dead.TipSequence || life == log.Current)
            {
                findings.Add(FindingCodes.DeadLogDiffers,
                    $"{log.Path}: remembers that {OpText.Of(life)} ended at op {dead.TipSequence} with hash {OpText.Hash(expected)}, acknowledged up to {dead.Acknowledged}; its log ends at op {tip} with hash {OpText.Hash(hash)}");
            }
        }
    }

    private static T? Parse<T>(MessageParser<T> parser, byte[] bytes)
        where T : class, IMessage<T>
    {
        try
        {
            return parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException)
        {
            return null; // the caller says so, by name
        }
    }
}
