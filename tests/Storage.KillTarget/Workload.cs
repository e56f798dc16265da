using System.Buffers.Binary;
using System.Security.Cryptography;
using SyncHub.Storage;

namespace SyncHub.Storage.KillTarget;

/// <summary>The batches that the killed process writes, made so that a reader can tell a whole one from half of one.</summary>
/// <remarks>Version n of a stream comes with fact n of the producer of that stream, a document, a cursor and two balances; the payload is n.</remarks>
public static class Workload
{
    /// <summary>The collection of the documents.</summary>
    public const string Collection = "state";

    /// <summary>The name of the cursors.</summary>
    public const string Cursor = "applied";

    /// <summary>The stream that writer <paramref name="writer"/> appends to.</summary>
    public static StreamId Stream(int writer) => new((UInt128)(writer + 1) << 64 | (UInt128)writer);

    /// <summary>The producer whose facts writer <paramref name="writer"/> appends.</summary>
    public static ProducerId Producer(int writer) => new(writer, 1);

    /// <summary>The key of the document of writer <paramref name="writer"/>, whose value is its newest version.</summary>
    public static byte[] Key(int writer) => [(byte)writer];

    /// <summary>The hash of fact <paramref name="version"/>; not a chain, only something to compare.</summary>
    public static byte[] Hash(long version) => SHA256.HashData(Number(version));

    /// <summary>The number as 8 bytes.</summary>
    public static byte[] Number(long value)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(bytes, value);
        return bytes;
    }

    /// <summary>The batch that brings writer <paramref name="writer"/> to <paramref name="version"/>.</summary>
    public static JournalBatch Batch(int writer, long version)
    {
        var fact = new FactKey(Producer(writer), version);
        return new JournalBatch
        {
            Facts = { new NewFact(fact.Producer, version, Hash(version), Number(version)) },
            Records = { new NewRecord(writer, Stream(writer), version, Number(version), fact) },
            Cursors = { new CursorMove(Cursor, fact.Producer, version, Hash(version)) },
            Documents = { new DocumentWrite(Collection, Key(writer), Number(version)) },
            Balances = { new BalanceChange(writer, "cash", "EUR", 1), new BalanceChange(writer, "wallets", "EUR", -1) },
        };
    }
}
