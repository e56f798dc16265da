using Google.Protobuf;
using SyncHub.Core.Mechanisms;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Rights;
using SyncHub.Core.Tills;
using Wire = SyncHub.V1;

namespace SyncHub.Protos.Mapping;

/// <summary>The agent's documents: its right lines of a member, and the ops that it may still undo.</summary>
public static class AgentCodec
{
    /// <summary>The lines of a member, in one life of the database.</summary>
    public static byte[] Write(MemberHere member, Incarnation life)
    {
        var wire = new Wire.AgentLines { LastUsedMs = member.LastUsedMs, Incarnation = life.Value, AdvancedMinor = member.AdvancedMinor, Unfollowed = member.IsUnfollowed, UnfollowedAt = member.UnfollowedAt };
        foreach (var (bucket, line) in member.Lines)
        {
            wire.Lines.Add(new Wire.AgentLine
            {
                Bucket = BucketCodec.ToWire(bucket),
                Granted = line.Granted,
                Credited = line.Credited,
                Debited = line.Debited,
                Relinquished = line.Relinquished,
            });
        }

        return wire.ToByteArray();
    }

    /// <summary>Reads the lines into <paramref name="member"/>. Those of another life count nothing; lines written before lives were kept are of the first.</summary>
    public static void ReadLines(byte[] bytes, MemberHere member, Incarnation life)
    {
        var wire = Wire.AgentLines.Parser.ParseFrom(bytes);
        member.LastUsedMs = wire.LastUsedMs;
        member.IsUnfollowed = wire.Unfollowed;
        if (!Switches.IsOff(Mechanism.LinesEndWithLife) && wire.Incarnation != life.Value && (wire.Incarnation != 0 || life != Incarnation.Of(1, 1)))
        {
            return;
        }

        member.AdvancedMinor = wire.AdvancedMinor;
        member.UnfollowedAt = wire.UnfollowedAt;
        foreach (var line in wire.Lines)
        {
            member.Lines[BucketCodec.ToCore(line.Bucket)] = new AgentLine(line.Granted, line.Credited, line.Debited, line.Relinquished);
        }
    }

    /// <summary>An op that may be undone.</summary>
    public static byte[] Write(OwnOp own)
    {
        var wire = new Wire.OwnOp { Type = (Wire.OpType)own.Type, Voided = own.IsVoided, Member = UnsafeByteOperations.UnsafeWrap(own.Member.ToBytes()), BillMinor = own.BillMinor, Tender = (Wire.Tender)own.Tender, PromisedBonusMinor = own.PromisedBonusMinor, OtherTenderMinor = own.OtherTenderMinor, Incarnation = own.Id.Holder.Incarnation.Value };
        wire.Moves.AddRange(own.Moves.Select(MoveCodec.ToWire));
        wire.GivenBack.AddRange(own.GivenBack.Select(MoveCodec.ToWire));
        return wire.ToByteArray();
    }

    /// <summary>Reads an op that may be undone; null where the document is of another life of the store, which used the same number.</summary>
    /// <param name="id">The op.</param>
    /// <param name="bytes">The document.</param>
    /// <param name="isFirstLife">Whether the store's database has had one life only: then a document that does not say its life is of it.</param>
    public static OwnOp? ReadOwnOp(OpId id, byte[] bytes, bool isFirstLife = true)
    {
        var wire = Wire.OwnOp.Parser.ParseFrom(bytes);
        if (wire.Incarnation == 0 ? !isFirstLife : wire.Incarnation != id.Holder.Incarnation.Value)
        {
            return null;
        }

        return new OwnOp(id, (OpType)wire.Type, MemberId.FromBytes(wire.Member.Span), [.. wire.Moves.Select(MoveCodec.ToCore)], wire.BillMinor)
        {
            OtherTenderMinor = wire.OtherTenderMinor,
            IsVoided = wire.Voided,
            Tender = (Tender)wire.Tender,
            PromisedBonusMinor = wire.PromisedBonusMinor,
            GivenBack = [.. wire.GivenBack.Select(MoveCodec.ToCore)],
        };
    }
}
