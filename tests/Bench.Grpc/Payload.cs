using Google.Protobuf;
using SyncHub.GrpcBench.Contract;

namespace SyncHub.GrpcBench;

/// <summary>The bytes that all sides send.</summary>
internal static class Payload
{
    /// <summary>With tag and length 200 bytes.</summary>
    public const int BodyBytes = 197;

    /// <summary>A message as it is on the wire, with gRPC's five bytes before it.</summary>
    public const int FramedBytes = 205;

    /// <summary>The same bytes for the plain endpoint.</summary>
    public static readonly byte[] Framed = [0, 0, 0, 0, 200, .. new Message { Body = ByteString.CopyFrom(new byte[BodyBytes]) }.ToByteArray()];

    /// <summary>As many of them as one write of a stream takes at the most.</summary>
    public static readonly byte[] Gathered = [.. Enumerable.Repeat(Framed, 160).SelectMany(one => one)];
}
