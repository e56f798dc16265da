using SyncHub.Storage.Audit;
using SyncHub.V1;

namespace SyncHub.Verify;

/// <summary>The hub's own events about value: what expired, and what settled a debt.</summary>
internal sealed partial class Replay
{
    // I16: granted + spent + breakage + free = issued is the wallet's balance; here, that breakage comes after the last day and only from what is free.
    private void ApplyExpiry(MemberFold member, RecordRow record, LotsExpiredEvent expired)
    {
        accounts.Count(Name(record), expired.Entries);
        Int128 broken = 0;
        foreach (var lot in expired.Lots)
        {
            var key = BucketKey.Of(lot.Bucket);
            var bucket = member.BucketOf(key);
            var delta = (Int128)lot.BreakageMinor - bucket.Breakage;
            if (key.Kind != BucketKind.Lot || key.ExpiryDay == 0 || expired.Day <= key.ExpiryDay || delta != bucket.Pool)
            {
                findings.AddWallet(FindingCodes.BreakageWrong, member.Id,
                    $"version {member.Version} breaks {delta} of {key} on day {expired.Day}; expected all of the {bucket.Pool} that is free, of a lot whose last day has passed");
            }

            broken += delta;
            bucket.Break(lot.BreakageMinor);
        }

        accounts.Compare(Name(record), Booking.WalletBonus, Booking.Breakage, broken, expired.Entries);
    }

    private void ApplySettlement(MemberFold member, RecordRow record, ReceivableSettledEvent settled)
    {
        accounts.Count(Name(record), settled.Entries);
        var amount = settled.SettledMinor - member.Credit.Settled;
        var due = Int128.Min(member.BucketOf(BucketKey.Principal).Pool, member.Credit.Receivable);
        if (amount != due)
        {
            findings.AddWallet(FindingCodes.SettlementWrong, member.Id, $"version {member.Version} settles {amount}; expected {due}, the lesser of free principal and receivable");
        }

        member.SettleFromPool(Int128.Clamp(amount, 0, Int128.Max(0, due)));
        accounts.Compare(Name(record), Booking.WalletPrincipal, Booking.Receivable, amount, settled.Entries);
    }
}
