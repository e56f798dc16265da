namespace SyncHub.Hub.Stores;

/// <summary>What a store may spend, and what it gave on its own account: what the chain can lose with it.</summary>
/// <param name="MoneyMinor">Rights to principal and bonus.</param>
/// <param name="CreditMinor">Rights to let members owe, within their limits.</param>
/// <param name="FloorMinor">Advances without a right that are not settled.</param>
internal readonly record struct Exposure(long MoneyMinor, long CreditMinor, long FloorMinor)
{
    /// <summary>Both together.</summary>
    public static Exposure operator +(Exposure left, Exposure right) => checked(new Exposure(left.MoneyMinor + right.MoneyMinor, left.CreditMinor + right.CreditMinor, left.FloorMinor + right.FloorMinor));

    /// <summary>By how much the left one is larger.</summary>
    public static Exposure operator -(Exposure left, Exposure right) => checked(new Exposure(left.MoneyMinor - right.MoneyMinor, left.CreditMinor - right.CreditMinor, left.FloorMinor - right.FloorMinor));
}
