using SyncHub.Core.Ledger;
using SyncHub.Core.Members;
using Wire = SyncHub.V1;

namespace SyncHub.Protos.Mapping;

/// <summary>The hub's own events about value, with what they book.</summary>
internal static class ValueEventCodec
{
    public static Wire.LotsExpiredEvent ToWire(LotsExpired expired, LedgerTransaction transaction)
    {
        var wire = new Wire.LotsExpiredEvent { Day = expired.Day };
        wire.Lots.AddRange(expired.Lots.Select(lot => new Wire.LotBreakage { Bucket = BucketCodec.ToWire(lot.Bucket), BreakageMinor = lot.BreakageMinor }));
        wire.Entries.AddRange(transaction.Entries.Select(ToWire));
        return wire;
    }

    public static LotsExpired ToCore(Wire.LotsExpiredEvent wire) =>
        new(wire.Day, [.. wire.Lots.Select(lot => new LotBreakage(BucketCodec.ToCore(lot.Bucket), lot.BreakageMinor))]);

    public static Wire.ReceivableSettledEvent ToWire(ReceivableSettled settled, LedgerTransaction transaction)
    {
        var wire = new Wire.ReceivableSettledEvent { SettledMinor = settled.SettledMinor };
        wire.Entries.AddRange(transaction.Entries.Select(ToWire));
        return wire;
    }

    public static Wire.ShortfallBorneEvent ToWire(ShortfallBorne borne, LedgerTransaction transaction)
    {
        var wire = new Wire.ShortfallBorneEvent { Bucket = BucketCodec.ToWire(borne.Bucket), LossMinor = borne.LossMinor };
        wire.Entries.AddRange(transaction.Entries.Select(ToWire));
        return wire;
    }

    public static Wire.LedgerEntry ToWire(LedgerEntry entry) => new() { Account = entry.Account, Asset = entry.Asset.Code, AmountMinor = entry.AmountMinor };
}
