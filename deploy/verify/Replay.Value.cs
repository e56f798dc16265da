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

    // A restored hub had forgotten a reclaim, and more was used than there was: all of what is missing, and only where nobody can give anything back.
    private void ApplyShortfall(MemberFold member, RecordRow record, ShortfallBorneEvent borne)
    {
        accounts.Count(Name(record), borne.Entries);
        var key = BucketKey.Of(borne.Bucket);
        var bucket = member.BucketOf(key);
        var delta = (Int128)borne.LossMinor - bucket.Loss;
        if (key.Kind == BucketKind.Credit || delta <= 0 || delta != -bucket.Pool || bucket.Lines.Values.Any(line => line.Outstanding > 0))
        {
            findings.AddWallet(FindingCodes.ShortfallWrong, member.Id, $"version {member.Version} lets the chain bear {delta} of {key}; expected the {-bucket.Pool} that is missing there, and no store that holds anything");
        }

        bucket.Bear(delta);
        accounts.Compare(Name(record), Booking.HubLoss, key.Kind switch { BucketKind.Principal => Booking.WalletPrincipal, BucketKind.Points => Booking.WalletPoints, _ => Booking.WalletBonus }, delta, borne.Entries, key.Kind == BucketKind.Points ? Booking.Points : null);
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
