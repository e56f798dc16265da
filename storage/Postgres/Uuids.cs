using System.Buffers.Binary;

namespace SyncHub.Storage.Postgres;

/// <summary>Streams as uuid: sixteen bytes without a length, compared as bytes; its digits are the id as people write it.</summary>
internal static class Uuids
{
    public static Guid ToUuid(this StreamId stream)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, stream.Value);
        return new Guid(bytes, bigEndian: true);
    }

    public static StreamId ToStream(this Guid uuid)
    {
        Span<byte> bytes = stackalloc byte[16];
        uuid.TryWriteBytes(bytes, bigEndian: true, out _);
        return new StreamId(BinaryPrimitives.ReadUInt128BigEndian(bytes));
    }
}
