using System.Security.Cryptography;
using SyncHub.Agent.Sync;
using SyncHub.Core.Identity;
using SyncHub.Core.Protocol;
using SyncHub.Hub.Sync;

namespace SyncHub.Simulator;

/// <summary>A machine's key: what it signs, nobody else can. A hash stands in for ECDSA, which would take longer than the rest of the run.</summary>
/// <remarks>A copied machine has the same one.</remarks>
internal sealed class SimSignature(LifeKey device) : ILogSigner, ISignatureCheck
{
    private readonly byte[] _secret = device.ToBytes();

    public byte[] KeyId { get; } = SHA256.HashData(device.ToBytes());

    public byte[] Sign(LogHead head) => SHA256.HashData([.. _secret, .. head.ToSignedBytes()]);

    public bool Holds(LogHead head, ReadOnlySpan<byte> signature) => signature.SequenceEqual(Sign(head));
}
