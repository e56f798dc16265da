using SyncHub.Core.Credit;
using SyncHub.Core.Primitives;
using Wire = SyncHub.V1;

namespace SyncHub.Protos.Mapping;

/// <summary>What a member owes, in the member's snapshot.</summary>
internal static class CreditCodec
{
    public static void Write(MemberCredit credit, Wire.MemberSnapshot wire)
    {
        wire.CreditLimitMinor = credit.LimitMinor;
        wire.CreditUsedMinor = credit.UsedMinor;
        wire.OwedMinor = credit.OwedMinor;
        wire.SettledMinor = credit.SettledMinor;
        wire.Floor.AddRange(credit.Floor.Select(line => new Wire.FloorState
        {
            Store = line.Key.Store.Value,
            Incarnation = line.Key.Incarnation.Value,
            AdvancedMinor = line.Value.AdvancedMinor,
            SettledMinor = line.Value.SettledMinor,
        }));
    }

    public static void Read(Wire.MemberSnapshot wire, MemberCredit credit)
    {
        credit.LimitMinor = wire.CreditLimitMinor;
        credit.UsedMinor = wire.CreditUsedMinor;
        credit.OwedMinor = wire.OwedMinor;
        credit.SettledMinor = wire.SettledMinor;
        foreach (var line in wire.Floor)
        {
            credit.Floor[new Holder(new StoreId(line.Store), new Incarnation(line.Incarnation))] = new FloorLine(line.AdvancedMinor, line.SettledMinor);
        }
    }
}
