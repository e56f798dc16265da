using SyncHub.V1;

namespace SyncHub.Faults.Tests;

/// <summary>What is done while a process dies at its writes: every kind of op, rights that move between stores, and what headquarters does.</summary>
internal sealed class KillScript(ScriptedChain chain)
{
    /// <summary>One member's day at two stores.</summary>
    public async Task<string> TradeAsync(int round)
    {
        var (first, second) = (chain.First, chain.Second);
        var member = await RegisterAsync(first, $"m{round}");
        await chain.PayAsync(first, $"t{round}", (till, name, options) => till.TopUpAsync(new TopUpRequest { RequestId = name, MemberId = member, AmountMinor = 10_000 }, options));
        var sale = await SellAsync(first, $"s{round}", member, 3_000);
        await chain.PayAsync(first, $"f{round}", (till, name, options) => till.RefundAsync(new RefundRequest { RequestId = name, Op = sale.Op, AmountMinor = 500 }, options));
        var wrong = await SellAsync(first, $"w{round}", member, 1_000);
        await chain.PayAsync(first, $"v{round}", (till, name, options) => till.VoidAsync(new VoidRequest { RequestId = name, Op = wrong.Op }, options));
        await chain.AskAsync(first, (till, options) => till.AddTagAsync(new TagRequest { RequestId = $"g{round}", MemberId = member, Tag = "regular" }, options));

        // Everything lies at the first store: it has to give some back, and later the right to refund.
        await SellAsync(second, $"e{round}", member, 6_000);
        await chain.CloseDayAsync(first, $"c{round}");
        await chain.PayAsync(second, $"r{round}", (till, name, options) => till.RefundAsync(new RefundRequest { RequestId = name, Op = sale.Op, AmountMinor = 200 }, options));
        return member;
    }

    /// <summary>The same, and what headquarters does to members and stores.</summary>
    public async Task GovernAsync(int round)
    {
        var member = await TradeAsync(round);
        var twin = await RegisterAsync(chain.Second, $"n{round}");
        await chain.PayAsync(chain.Second, $"u{round}", (till, name, options) => till.TopUpAsync(new TopUpRequest { RequestId = name, MemberId = twin, AmountMinor = 4_000 }, options));
        await chain.AskHqAsync((channel, call) => new Credits.CreditsClient(channel).SetCreditLimitAsync(new SetCreditLimitRequest { MemberId = member, LimitMinor = 2_000 }, call));
        await chain.RestAsync(); // headquarters merges members that it knows
        await chain.AskHqAsync((channel, call) => new Members.MembersClient(channel).MergeMembersAsync(new MergeMembersRequest { LoserId = twin, SurvivorId = member, Operator = "Eve", Reason = "one person" }, call));
        await SellAsync(chain.First, $"b{round}", member, 3_000);
        await chain.AskHqAsync((channel, call) => new Stores.StoresClient(channel).ReclaimAsync(new ReclaimRequest { Store = 1, MemberId = member, Approver = "Eve", Payer = "hq/loss" }, call));
        await SellAsync(chain.First, $"l{round}", member, 100);
        await chain.AskHqAsync((channel, call) => new Stores.StoresClient(channel).CreateStoreAsync(new CreateStoreRequest { Store = 9 }, call));
    }

    /// <summary>A store that forgot something gets a new life and sells again.</summary>
    public async Task LiveAgainAsync(int round)
    {
        await chain.RestAsync();
        var member = await RegisterAsync(chain.First, $"x{round}");
        await chain.PayAsync(chain.First, $"y{round}", (till, name, options) => till.TopUpAsync(new TopUpRequest { RequestId = name, MemberId = member, AmountMinor = 1_000 }, options));
        await SellAsync(chain.First, $"z{round}", member, 400);
    }

    private Task<Receipt> SellAsync(StoreNode store, string request, string member, long amountMinor) =>
        chain.PayAsync(store, request, (till, name, options) => till.SellAsync(new SaleRequest { RequestId = name, MemberId = member, BillMinor = amountMinor }, options));

    private async Task<string> RegisterAsync(StoreNode store, string request) =>
        (await chain.AskAsync(store, (till, options) => till.RegisterAsync(new RegisterRequest { RequestId = request, Name = "Ann", Card = request }, options))).Member.MemberId;
}
