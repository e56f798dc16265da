using System.Globalization;
using Grpc.Core;
using SyncHub.V1;

namespace SyncHub.Faults.Tests;

// What headquarters does meanwhile: restores its own database, gives stores up, merges members, lends, takes receipts.
internal sealed partial class Campaign
{
    private const int LargestLimitMinor = 5_000;
    private const int ReceiptsAtOnce = 8;
    private readonly Dictionary<int, long> _reclaimedLives = [];
    private string _hubBackup = "";
    private int _hubBackups;
    private int _receiptsAtHubBackup;
    private bool _isHubRestored;

    // Done only where the copy lacks something; else a copy is made for the next time.
    private async Task<bool> RestoreHubAsync()
    {
        if (_hubBackup.Length == 0 || _receipts.All.Count < _receiptsAtHubBackup + (LeastForgotten * StoreCount))
        {
            if (_hubBackup.Length == 0)
            {
                _hubBackup = Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"hub-backup{++_hubBackups}.db"));
                _receiptsAtHubBackup = _receipts.All.Count;
                await Command.DoAsync("hub", "backup", "--data", _hub.Folder, "--to", _hubBackup);
            }

            return false;
        }

        var restart = KillHub();
        await Command.DoAsync("hub", "restore", "--data", _hub.Folder, "--from", _hubBackup);
        (_hubBackup, _isHubRestored) = ("", true);
        _reclaimedLives.Clear(); // the copy may not know that it took them
        _open.Add(new OpenFault("RestoreHub on hub", "hub", _watch.Elapsed + TimeSpan.FromMilliseconds(_dice.Next(1_500)), restart));
        return true;
    }

    // The store goes on selling behind a cut line; what it did with rights that were taken comes late.
    private async Task<Func<Task>?> ReclaimAsync(StoreNode store)
    {
        store.Line.Set(LineState.Cut);
        try
        {
            var life = (await _hub.ListStoresAsync()).Stores.Single(state => state.Store == store.Number).Incarnation;
            var answer = await _hub.AskAsync((channel, call) => new Stores.StoresClient(channel).ReclaimAsync(new ReclaimRequest { Store = store.Number, Approver = "Eve", Payer = "hq/loss" }, call));
            _reclaimedLives[store.Number] = Math.Max(_reclaimedLives.GetValueOrDefault(store.Number), life);
            say($"{Now}: {answer.ReclaimedMinor} of {answer.Members} members reclaimed from store {store.Number}, life {life & uint.MaxValue}");
        }
        catch (RpcException fault)
        {
            say($"{Now}: headquarters did not say whether store {store.Number} was reclaimed: {fault.Status.Detail}");
        }

        return Later(() => store.Line.Set(LineState.Whole));
    }

    private async Task<Func<Task>?> MergeAsync()
    {
        var (loser, survivor) = (_members[_dice.Next(_members.Count)], _members[_dice.Next(_members.Count)]);
        var isMerged = await TryHqAsync($"merge of {loser} into {survivor}", (channel, call) => new Members.MembersClient(channel).MergeMembersAsync(new MergeMembersRequest { LoserId = loser, SurvivorId = survivor, Operator = "Eve", Reason = "one person" }, call));
        return !isMerged || _dice.Next(3) == 0 ? null : async () => await TryHqAsync($"un-merge of {loser}", (channel, call) => new Members.MembersClient(channel).UnmergeMemberAsync(new UnmergeMemberRequest { AliasId = loser, Operator = "Eve", Reason = "two persons" }, call));
    }

    private async Task<Func<Task>?> LendAsync()
    {
        var (member, limit) = (_members[_dice.Next(_members.Count)], _dice.Next(LargestLimitMinor));
        await TryHqAsync($"credit of {limit} for {member}", (channel, call) => new Credits.CreditsClient(channel).SetCreditLimitAsync(new SetCreditLimitRequest { MemberId = member, LimitMinor = limit }, call));
        return null;
    }

    // First those that no disk has any more: of a life that was given up they are taken in.
    private async Task<Func<Task>?> HandInAsync()
    {
        var printed = _receipts.All.Where(one => one.Code.Length > 0).ToList();
        var lost = printed.Where(one => _destroyed.Contains(one.Hash)).ToList();
        foreach (var store in lost.Select(one => one.Op.Store).Distinct().ToList())
        {
            await TryHqAsync($"reclaim of the dead lives of store {store}", (channel, call) => new Stores.StoresClient(channel).ReclaimAsync(new ReclaimRequest { Store = store, Approver = "Eve", Payer = "hq/loss", OnlyDeadLives = true }, call));
        }

        var outcomes = new SortedDictionary<ReceiptOutcome, int>();
        foreach (var one in lost.TakeLast(ReceiptsAtOnce).Concat(Enumerable.Range(0, Math.Min(ReceiptsAtOnce, printed.Count)).Select(_ => printed[_dice.Next(printed.Count)])))
        {
            await TryHqAsync($"receipt of {Bank.NameOf(one.Op)}", async (channel, call) =>
            {
                var answer = await new V1.Receipts.ReceiptsClient(channel).HandInAsync(new HandInReceiptRequest { Code = one.Code }, call);
                outcomes[answer.Outcome] = outcomes.GetValueOrDefault(answer.Outcome) + 1;
                if (answer.Outcome == ReceiptOutcome.Refused && !_isHubRestored) // a restored hub may not know that life before its store is back
                {
                    _receipts.Fault($"The receipt of {Bank.NameOf(one.Op)} was refused: {answer.Note}");
                }
            });
        }

        say($"{Now}: receipts handed in: {string.Join(", ", outcomes.Select(pair => $"{pair.Value} {pair.Key}"))}");
        return null;
    }

    private Task<bool> TryHqAsync<TAnswer>(string what, Func<ChannelBase, CallOptions, AsyncUnaryCall<TAnswer>> call) => TryHqAsync(what, async (channel, options) => await call(channel, options));

    // A hub that stands still or dies meanwhile does not answer; whether it was done, the books will say.
    private async Task<bool> TryHqAsync(string what, Func<ChannelBase, CallOptions, Task> call)
    {
        try
        {
            await _hub.AskAsync(call);
            return true;
        }
        catch (RpcException fault)
        {
            say($"{Now}: {what}: {fault.Status}");
            return false;
        }
    }
}
