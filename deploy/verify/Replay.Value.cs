using SyncHub.Storage.Sqlite.Audit;
using SyncHub.V1;

namespace SyncHub.Verify;

/// <summary>The hub's own events about value: what expired.</summary>
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
}
