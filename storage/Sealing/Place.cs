using System.Buffers.Binary;
using System.Text;

namespace SyncHub.Storage.Sealing;

/// <summary>The name of a value's place in a journal, as bytes that its seal covers.</summary>
internal static class Place
{
    /// <summary>Of a fact.</summary>
    public static byte[] OfFact(ProducerId producer, long sequence)
    {
        var place = new byte[25];
        place[0] = 1;
        BinaryPrimitives.WriteInt64BigEndian(place.AsSpan(1), producer.Store);
        BinaryPrimitives.WriteInt64BigEndian(place.AsSpan(9), producer.Incarnation);
        BinaryPrimitives.WriteInt64BigEndian(place.AsSpan(17), sequence);
        return place;
    }

    /// <summary>Of a record.</summary>
    public static byte[] OfRecord(StreamId stream, long version) => OfStream(2, stream, version);

    /// <summary>Of a snapshot.</summary>
    public static byte[] OfSnapshot(StreamId stream, long version) => OfStream(3, stream, version);

    /// <summary>Of a document; the key as it is stored.</summary>
    public static byte[] OfDocument(string collection, ReadOnlySpan<byte> storedKey) => [4, .. Encoding.UTF8.GetBytes(collection), 0, .. storedKey];

    private static byte[] OfStream(byte kind, StreamId stream, long version)
    {
        var place = new byte[25];
        place[0] = kind;
        BinaryPrimitives.WriteUInt128BigEndian(place.AsSpan(1), stream.Value);
        BinaryPrimitives.WriteInt64BigEndian(place.AsSpan(17), version);
        return place;
    }
}
