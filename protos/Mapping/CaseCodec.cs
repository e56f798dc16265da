using Google.Protobuf;
using SyncHub.Core.Cases;
using SyncHub.Core.Primitives;
using Wire = SyncHub.V1;

namespace SyncHub.Protos.Mapping;

/// <summary>Cases between the core and the wire, which is also their document.</summary>
public static class CaseCodec
{
    /// <summary>The document of a case.</summary>
    public static byte[] Encode(Case opened) => ToWire(opened).ToByteArray();

    /// <summary>Reads a document.</summary>
    public static Case Decode(byte[] document) => ToCore(Wire.Case.Parser.ParseFrom(document));

    /// <summary>For the wire.</summary>
    public static Wire.Case ToWire(Case opened)
    {
        var wire = new Wire.Case
        {
            CaseId = opened.Id.ToString(),
            Kind = (Wire.CaseKind)opened.Kind,
            State = opened.IsOpen ? Wire.CaseState.Open : Wire.CaseState.Closed,
            OpenedAtMs = opened.OpenedAtMs,
            MemberId = Text(opened.Member),
            OtherMemberId = Text(opened.OtherMember),
            Store = opened.Store.Value,
            AmountMinor = opened.AmountMinor,
            Asset = opened.AssetCode,
            PayerAccount = opened.PayerAccount,
            Note = opened.Note,
            Booked = opened.Booked,
            Remedy = opened.Remedy,
            ClosedBy = opened.Closing?.By ?? "",
            ClosedAtMs = opened.Closing?.AtMs ?? 0,
            ClosingNote = opened.Closing?.Note ?? "",
        };
        if (opened.Op is { } op)
        {
            wire.Op = OpIdCodec.ToWire(op);
        }

        return wire;
    }

    /// <summary>From the wire.</summary>
    /// <exception cref="InvalidDataException">It has no id.</exception>
    public static Case ToCore(Wire.Case wire) => new()
    {
        Id = CaseId.TryParse(wire.CaseId, out var id) ? id : throw new InvalidDataException($"'{wire.CaseId}' is no case id."),
        Kind = (CaseKind)wire.Kind,
        OpenedAtMs = wire.OpenedAtMs,
        Member = Member(wire.MemberId),
        OtherMember = Member(wire.OtherMemberId),
        Store = new StoreId(wire.Store),
        Op = wire.Op is null ? null : OpIdCodec.ToCore(wire.Op),
        AmountMinor = wire.AmountMinor,
        AssetCode = wire.Asset,
        PayerAccount = wire.PayerAccount,
        Note = wire.Note,
        Booked = wire.Booked,
        Remedy = wire.Remedy,
        Closing = wire.State == Wire.CaseState.Closed ? new CaseClosing(wire.ClosedBy, wire.ClosedAtMs, wire.ClosingNote) : null,
    };

    private static string Text(MemberId member) => member == default ? "" : member.ToString();

    private static MemberId Member(string text) => MemberId.TryParse(text, out var id) ? id : default;
}
