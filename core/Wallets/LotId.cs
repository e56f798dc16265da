using SyncHub.Core.Primitives;

namespace SyncHub.Core.Wallets;

/// <summary>A parcel of bonus money: who issued it, under which ruleset's terms, and its last valid day.</summary>
/// <remarks>
/// The three fields are the lot's whole identity. Two top-ups at one store with the same terms and expiry feed the same
/// lot, in any order and also offline, so lots merge by themselves and no store ever has to ask for a lot number.
/// </remarks>
/// <param name="OriginStore">The store that issued it.</param>
/// <param name="Terms">The version of the ruleset whose terms apply.</param>
/// <param name="ExpiryDay">Days since 1970-01-01 of the last valid day; 0 = never expires.</param>
public readonly record struct LotId(StoreId OriginStore, int Terms, int ExpiryDay) : IComparable<LotId>
{
    /// <summary>Whether the lot may still be chosen for a new sale on <paramref name="day"/> (days since 1970-01-01).</summary>
    public bool IsValidOn(int day) => ExpiryDay == 0 || day <= ExpiryDay;

    /// <summary>Soonest to expire first, then by origin and terms.</summary>
    public int CompareTo(LotId other)
    {
        var expiry = (ExpiryDay == 0 ? int.MaxValue : ExpiryDay).CompareTo(other.ExpiryDay == 0 ? int.MaxValue : other.ExpiryDay);
        return expiry != 0 ? expiry
            : OriginStore != other.OriginStore ? OriginStore.CompareTo(other.OriginStore)
            : Terms.CompareTo(other.Terms);
    }
}
