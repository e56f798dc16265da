using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Rules;
using SyncHub.Core.Tills;
using SyncHub.Core.Wallets;

namespace SyncHub.Acceptance;

/// <summary>Replays a trace on the product's own classes: who reloads, who is approved, and what it takes.</summary>
/// <remarks>
/// A member whose whole wallet is too small reloads in cash there and then, online or offline; so only sales that the wallet could pay
/// are asked about. A declined sale is paid by another tender and the wallet keeps its value.
/// </remarks>
internal sealed class ReplayRun
{
    private const int MostRounds = 3; // as the agent's till calls do
    private static readonly Ruleset Rules = new() { Version = 1, Name = "plain", Currency = "EUR", SpendOrder = SpendOrder.BonusFirst };

    private readonly PurchaseTrace _trace;
    private readonly long _floorMinor;
    private readonly OutageSchedule _outages;
    private readonly VirtualChain _chain;
    private readonly long[] _wallets; // the truth, also of what no hub has heard of yet
    private readonly long[] _advances;
    private readonly HashSet<(int Store, int Member)> _visited = [];
    private readonly bool[] _registered;
    private long _request;

    private ReplayRun(PurchaseTrace trace, PlacementPolicy policy, long floorMinor, OutageSchedule outages)
    {
        _trace = trace;
        _floorMinor = floorMinor;
        _outages = outages;
        _chain = new VirtualChain(trace, Rules, policy, outages, Tally) { FloorLimitMinor = floorMinor };
        _wallets = new long[trace.Members];
        _advances = new long[trace.Members];
        _registered = new bool[trace.Members];
    }

    private Tally Tally { get; } = new();

    /// <summary>Replays all of it.</summary>
    /// <exception cref="InvalidOperationException">A wallet was overdrawn, or hub and stores do not agree at the end.</exception>
    public static Tally Run(PurchaseTrace trace, PlacementPolicy policy, long floorMinor, OutageSchedule outages)
    {
        var run = new ReplayRun(trace, policy, floorMinor, outages);
        foreach (var purchase in trace.Purchases)
        {
            run.Replay(purchase);
        }

        run.Finish();
        return run.Tally;
    }

    private void Replay(Purchase purchase)
    {
        var (_, store, member, amount) = purchase;
        _chain.AdvanceTo(purchase.AtMs);
        var isOnline = _chain.IsOnline(store);
        var isFirst = _visited.Add((store, member));
        Register(store, member);
        var reloads = _wallets[member] < amount;
        Tally.TurnoverMinor += amount;
        Tally.Ready += Here(store, member) + (reloads ? _trace.ReloadMinor(member, _wallets[member], amount) : 0) >= amount ? 1 : 0;
        if (isOnline && ScanAsks(store, member))
        {
            _chain.Identify(store, member);
        }

        if (reloads)
        {
            Reload(store, member, amount);
        }

        if (isOnline)
        {
            Tally.Online++;
            MeasureStranded(member);
            if (!Buy(store, member, amount, SettledNow(member, amount)) && !Buy(store, member, amount, 0))
            {
                Tally.OnlineDeclined++;
            }
        }
        else
        {
            Tally.Offline++;
            Tally.Reachable += reloads || !isFirst ? 1 : 0;
            BuyOffline(store, member, amount, isFirst);
        }

        if (_wallets[member] < 0)
        {
            throw new InvalidOperationException($"Overdraft: member {member} has {_wallets[member]}.");
        }
    }

    private void Register(int store, int member)
    {
        if (!_registered[member])
        {
            _registered[member] = true;
            var command = new RegisterCommand(Context(), VirtualChain.IdOf(member), new MemberProfile($"m{member}", "", "", default, ""));
            _chain.Log(store, member, _chain.Stores[store].Till.Register(command, _chain.Stores[store].NextId).Op!);
        }
    }

    private bool ScanAsks(int store, int member) => MemberAt(store, member).AsksHubAtScan(Calendar.DayOf(_chain.NowMs));

    private void Reload(int store, int member, long amount)
    {
        var cash = _trace.ReloadMinor(member, _wallets[member], amount);
        var at = _chain.Stores[store];
        var op = at.Till.TopUp(new TopUpCommand(Context(), VirtualChain.IdOf(member), cash), MemberAt(store, member), at.NextId).Op!;
        _wallets[member] += cash;
        Tally.Reloads++;
        _chain.Log(store, member, op);
    }

    private void BuyOffline(int store, int member, long amount, bool isFirst)
    {
        if (Buy(store, member, amount, 0))
        {
            Tally.OfflineApproved++;
            return;
        }

        var here = Here(store, member);
        if (_floorMinor > 0 && amount - here <= _floorMinor)
        {
            Sell(store, member, amount, amount - here);
            _advances[member] += amount - here;
            Tally.OfflineApproved++;
            Tally.FloorUsed++;
            return;
        }

        var bucket = _chain.StateOf(member).Find(Bucket.Principal);
        var others = bucket?.Lines.Where(line => line.Holder.Store.Value != store + 1).Select(line => line.Outstanding).DefaultIfEmpty().Max() ?? 0;
        if (isFirst)
        {
            Tally.NeverVisited++;
        }
        else if (here + (bucket?.Pool ?? 0) >= amount)
        {
            Tally.FreeAtHub++;
        }
        else if (here + others >= amount)
        {
            Tally.HeldElsewhere++;
        }
        else
        {
            Tally.Spread++;
        }
    }

    // An advance is paid back with the next purchase at a store that is online, as far as the wallet goes beyond that purchase.
    private long SettledNow(int member, long amount) => Math.Clamp(_wallets[member] - amount, 0, _advances[member]);

    private bool Buy(int store, int member, long amount, long advance)
    {
        var refusal = Sell(store, member, amount + advance, 0);
        for (var round = 0; refusal is not null && round < MostRounds && _chain.IsOnline(store); round++)
        {
            if (refusal.Wanted.Count == 0)
            {
                _chain.Identify(store, member);
            }
            else
            {
                _chain.AskRights(store, member, refusal.Wanted.Select(target => new GrantedLine(target.Bucket, target.Granted)));
            }

            var before = refusal.Wanted;
            refusal = Sell(store, member, amount + advance, 0);
            if (refusal is not null && before.Count > 0 && refusal.Wanted.SequenceEqual(before))
            {
                return false;
            }
        }

        _advances[member] -= refusal is null ? advance : 0;
        return refusal is null;
    }

    private Rejection? Sell(int store, int member, long amount, long otherTender)
    {
        var at = _chain.Stores[store];
        var decision = at.Till.Sale(new SaleCommand(Context(), VirtualChain.IdOf(member), amount, 0, otherTender), MemberAt(store, member), at.NextId);
        if (decision.Op is not { } op)
        {
            return decision.Rejection;
        }

        _wallets[member] -= op.MoneyMinor(MoveKind.Debit);
        _chain.Log(store, member, op);
        return null;
    }

    private void MeasureStranded(int member)
    {
        Tally.WalletMinor += _wallets[member];
        foreach (var line in _chain.StateOf(member).Find(Bucket.Principal)?.Lines ?? [])
        {
            Tally.StrandedMinor += _chain.IsOnline(line.Holder) ? 0 : line.Outstanding;
        }
    }

    private void Finish()
    {
        _chain.AdvanceTo(long.MaxValue);
        for (var member = 0; member < _trace.Members; member++)
        {
            Tally.OpenAdvanceMinor += _advances[member];
            if (_chain.StateOf(member).MoneyMinor != _wallets[member])
            {
                throw new InvalidOperationException($"The hub has {_chain.StateOf(member).MoneyMinor} for member {member}, the receipts come to {_wallets[member]}.");
            }
        }
    }

    private MemberHere MemberAt(int store, int member) => _chain.Stores[store].Member(member, VirtualChain.IdOf(member));

    private long Here(int store, int member) => MemberAt(store, member).LineOf(Bucket.Principal).Available;

    private TillContext Context() => new($"r{++_request}", "1", "", _chain.NowMs);
}
