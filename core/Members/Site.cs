using SyncHub.Core.Primitives;

namespace SyncHub.Core.Members;

/// <summary>A store, as placement sees it.</summary>
/// <param name="Holder">Who.</param>
/// <param name="Weight">How often the member comes here, in the unit of visit weights; 0 = not one of the usual stores.</param>
/// <param name="HeldMinor">The money that may be spent here.</param>
/// <param name="MayGain">Whether rights may be sent here now.</param>
/// <param name="MayGive">Whether rights may be asked back from here now.</param>
public readonly record struct Site(Holder Holder, long Weight, long HeldMinor, bool MayGain, bool MayGive);

/// <summary>By how much the money at a store should change: above zero a grant, below zero rights to ask back.</summary>
public readonly record struct Shift(Holder Holder, long AmountMinor);
