using System.Text;

namespace SyncHub.Storage.Tests;

/// <summary>Short ways to say what a test writes.</summary>
internal static class Make
{
    public static readonly ProducerId Producer = new(7, 1);

    public static StreamId Stream(int number) => new((UInt128)(uint)number);

    public static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    public static string? Text(byte[]? bytes) => bytes is null ? null : Encoding.UTF8.GetString(bytes);

    public static byte[] Hash(int seed) => [.. Enumerable.Repeat((byte)seed, BatchRules.HashBytes)];

    public static NewRecord Record(int stream, long version, string payload = "payload", FactKey? fact = null, int partition = 3) =>
        new(partition, Stream(stream), version, Bytes(payload), fact);

    public static NewFact Fact(long sequence, string bytes = "fact") => new(Producer, sequence, Hash((int)sequence), Bytes(bytes));

    public static CursorMove Cursor(long sequence, int hash = 1) => new("archived", Producer, sequence, Hash(hash));

    public static DocumentWrite Put(string key, string value, string collection = "members") => new(collection, Bytes(key), Bytes(value));

    public static DocumentWrite Delete(string key, string collection = "members") => new(collection, Bytes(key), null);

    public static JournalBatch Records(params NewRecord[] records)
    {
        var batch = new JournalBatch();
        batch.Records.AddRange(records);
        return batch;
    }

    public static JournalBatch Chained(BatchChain chain, params NewRecord[] records)
    {
        var batch = Records(records);
        batch.Chain = chain;
        return batch;
    }

    public static JournalBatch Documents(params DocumentWrite[] writes)
    {
        var batch = new JournalBatch();
        batch.Documents.AddRange(writes);
        return batch;
    }

    public static JournalBatch Balances(params BalanceChange[] changes)
    {
        var batch = new JournalBatch();
        batch.Balances.AddRange(changes);
        return batch;
    }

    public static string[] Texts(this IReadOnlyList<StoredDocument> documents) =>
        [.. documents.Select(document => $"{Encoding.UTF8.GetString(document.Key)}={Encoding.UTF8.GetString(document.Value)}")];

    public static string[] Texts(this IReadOnlyList<StoredRecord> records) =>
        [.. records.Select(record => $"{record.Version}:{Encoding.UTF8.GetString(record.Payload)}")];
}
