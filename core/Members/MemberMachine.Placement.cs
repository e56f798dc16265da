using SyncHub.Core.Mechanisms;
using SyncHub.Core.Primitives;
using SyncHub.Core.Rights;
using SyncHub.Core.Rules;

namespace SyncHub.Core.Members;

/// <content>Rights that move before anybody needs them: after a sale, and when rights come back.</content>
public sealed partial class MemberMachine
{
    private const int PurchasesOfATopUp = 5;

    /// <summary>Moves what is worth moving.</summary>
    /// <param name="giver">A store that has just handed rights back: refilling it would only send them round.</param>
    /// <param name="mayAsk">Whether stores may be asked for rights; if not, only what is free is spread.</param>
    /// <param name="turn">Where to.</param>
    /// <param name="context">What may be looked at.</param>
    private void Place(StoreId? giver, bool mayAsk, TurnResult turn, ITurnContext context)
    {
        // What comes back while a till waits is for that till; a hub that was restored does not know yet what is free.
        if (IsWaiting || (_isReconciling && !Switches.IsOff(Mechanism.ReconcileMode)) || State.IsAlias)
        {
            return;
        }

        var sites = Sites(giver, mayAsk, context);
        var (visits, pool) = (VisitWeights(), PoolOf());
        var floor = Math.Max(0, context.FloorLimitMinor - State.Credit.ReceivableMinor); // what the member owes already is advanced no more
        if (!Placement.MayMove(sites, visits, pool, context.Policy, floor))
        {
            return;
        }

        // Who has bought nothing yet has paid in for some purchases: about five.
        var baskets = State.Baskets ?? BasketModel.Of([Math.Max(1, State.MoneyMinor / PurchasesOfATopUp)])!;
        foreach (var shift in Placement.Plan(sites, visits, pool, baskets, context.Policy, floor))
        {
            if (shift.AmountMinor < 0)
            {
                AskBack(shift.Holder, -shift.AmountMinor, turn, context);
            }
            else if (shift.AmountMinor <= PoolOf()) // else it follows when what was asked back is here
            {
                GrantMoney(shift.Holder, shift.AmountMinor, turn, context);
            }
        }
    }

    // What has expired pays nothing any more, wherever it lies.
    private IEnumerable<BucketState> MoneyOf()
    {
        var day = Calendar.DayOf(_nowMs);
        return State.Buckets.Where(bucket => bucket.Bucket.IsMoney && bucket.Bucket.IsValidOn(day));
    }

    private long PoolOf()
    {
        var (day, pool) = (Calendar.DayOf(_nowMs), 0L);
        foreach (var bucket in State.Buckets)
        {
            pool = checked(pool + (bucket.Bucket.IsMoney && bucket.Bucket.IsValidOn(day) ? bucket.Pool : 0));
        }

        return pool;
    }

    // With that of a store never visited before.
    private long VisitWeights()
    {
        var sum = MemberState.VisitUnit;
        foreach (var visit in State.Visits)
        {
            sum = checked(sum + visit.Weight);
        }

        return sum;
    }

    private List<Site> Sites(StoreId? giver, bool mayAsk, ITurnContext context)
    {
        var held = HeldBySite();
        var sites = new List<Site>(held.Count + Math.Min(State.Visits.Count, context.Policy.UsualStores));
        for (var i = 0; i < State.Visits.Count && i < context.Policy.UsualStores; i++)
        {
            var visit = State.Visits[i];
            if (context.OnlineHolder(visit.Store) is { } holder) // rights sent to an offline store would only be stranded
            {
                sites.Add(SiteOf(holder, visit.Weight, TakeOut(held, holder), isOnline: true));
            }
        }

        foreach (var (holder, amount) in held)
        {
            sites.Add(SiteOf(holder, 0, amount, context.IsOnline(holder)));
        }

        return sites;

        Site SiteOf(Holder holder, long weight, long amount, bool isOnline) =>
            new(holder, weight, amount, isOnline && weight > 0 && holder.Store != giver, isOnline && mayAsk && !IsHeld(holder, context));
    }

    // Ordered by holder; a handful at most.
    private List<(Holder Holder, long Amount)> HeldBySite()
    {
        var held = new List<(Holder Holder, long Amount)>();
        var day = Calendar.DayOf(_nowMs);
        foreach (var bucket in State.Buckets)
        {
            if (!bucket.Bucket.IsMoney || !bucket.Bucket.IsValidOn(day))
            {
                continue;
            }

            var at = 0; // lines are ordered too
            foreach (var line in bucket.Lines)
            {
                if (line.Outstanding <= 0)
                {
                    continue;
                }

                while (at < held.Count && held[at].Holder.CompareTo(line.Holder) < 0)
                {
                    at++;
                }

                if (at < held.Count && held[at].Holder == line.Holder)
                {
                    held[at] = (line.Holder, checked(held[at].Amount + line.Outstanding));
                }
                else
                {
                    held.Insert(at, (line.Holder, line.Outstanding));
                }
            }
        }

        return held;
    }

    private static long TakeOut(List<(Holder Holder, long Amount)> held, Holder holder)
    {
        for (var i = 0; i < held.Count; i++)
        {
            if (held[i].Holder == holder)
            {
                var amount = held[i].Amount;
                held.RemoveAt(i);
                return amount;
            }
        }

        return 0;
    }

    private void GrantMoney(Holder holder, long amount, TurnResult turn, ITurnContext context)
    {
        if (GrantUpTo(holder, Shares(holder, amount, context), turn, context) is { } granted)
        {
            turn.Effects.Add(granted);
        }
    }

    private List<GrantedLine> Shares(Holder holder, long amount, ITurnContext context)
    {
        var pool = PoolOf();
        var (before, given) = (0L, 0L);
        var targets = new List<GrantedLine>();
        foreach (var bucket in MoneyOf().Where(bucket => bucket.Pool > 0))
        {
            before += bucket.Pool;
            var part = Part(amount, before, pool) - given;
            given += part;
            targets.Add(new GrantedLine(bucket.Bucket, (bucket.Find(holder)?.Granted ?? 0) + part));
        }

        return targets;
    }

    // The member stands at this till: a whole basket may lie here, as far as it is free. What a checkout lacks beyond that it asks for.
    private void Prefetch(Holder holder, TurnResult turn, ITurnContext context)
    {
        var here = MoneyOf().Sum(bucket => bucket.Find(holder)?.Outstanding ?? 0);
        var wanted = State.Baskets is { } baskets ? Math.Max(0, baskets.LargestOwnMinor - here) : long.MaxValue;
        GrantUpTo(holder, Shares(holder, Math.Min(wanted, PoolOf()), context), turn, context);
    }

    private void AskBack(Holder holder, long amount, TurnResult turn, ITurnContext context)
    {
        var holdings = new List<(BucketState Bucket, HubLine Line)>();
        foreach (var bucket in MoneyOf())
        {
            if (bucket.Find(holder) is { Outstanding: > 0 } line)
            {
                holdings.Add((bucket, line));
            }
        }

        var held = holdings.Sum(holding => holding.Line.Outstanding);
        var (before, asked) = (0L, 0L);
        var lines = new List<RevokeLine>();
        foreach (var (bucket, line) in holdings)
        {
            before += line.Outstanding;
            var part = Part(amount, before, held) - asked;
            asked += part;
            if (part > 0)
            {
                lines.Add(new RevokeLine(bucket.Bucket, line.Outstanding - part, line.Granted));
            }
        }

        turn.Effects.Add(new AskRevoke(holder, context.NextAsk(), lines));
    }

    // Shares of an amount over several buckets, cumulated, so that they add up to it exactly: a basket that lacks one unit is none.
    private static long Part(long amount, long upTo, long whole) => (long)((Int128)amount * upTo / whole);
}
