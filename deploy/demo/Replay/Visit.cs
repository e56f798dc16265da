using SyncHub.Demo.Chain;
using SyncHub.Demo.Traces;
using SyncHub.V1;

namespace SyncHub.Demo.Replay;

/// <summary>One receipt of the trace, acted out at a till: who is it, top up if need be, pay; or give back.</summary>
/// <remarks>Request ids are made of the row, so a repetition is the same request to the agent, whoever repeats it and when.</remarks>
internal sealed class Visit(TraceRow row, MemberBook member, Store store, TillCalls till, Tally tally, Surroundings surroundings)
{
    private const string Terminal = "demo-till";
    private const string Cashier = "demo";

    /// <summary>Acts it out.</summary>
    public Task RunAsync() => row.AmountMinor > 0 ? SellAsync(row.AmountMinor) : RefundAsync(-row.AmountMinor);

    private async Task SellAsync(long billMinor)
    {
        if (await WelcomeAsync() is { } stranger)
        {
            tally.Declined(billMinor, stranger.Available?.Online ?? surroundings.HasHub(store), stranger.Code, store.Link.IsCut, surroundings.IsChainWhole());
            return;
        }

        await TopUpAsync(TopUpRule.AmountFor(member.WalletMinor, billMinor));
        var request = new SaleRequest { RequestId = Id("sell"), MemberId = member.Id, BillMinor = billMinor, Terminal = Terminal, Operator = Cashier };
        var (answer, took) = await till.AskAsync((client, options) => client.SellAsync(request, options));
        if (answer.Receipt is { } receipt)
        {
            member.EnterSale(store.Index, receipt);
            tally.Sold(billMinor, receipt, took, store.Link.IsCut);
        }
        else
        {
            tally.Declined(billMinor, answer.Rejection.Available?.Online ?? surroundings.HasHub(store), answer.Rejection.Code, store.Link.IsCut, surroundings.IsChainWhole());
        }
    }

    /// <summary>Registers the member on first sight, and looks the card up on every other; a refusal where the store does not know it.</summary>
    private async Task<Rejection?> WelcomeAsync()
    {
        if (member.Id is null)
        {
            var request = new RegisterRequest { RequestId = Id("join"), Name = Cards.NameOf(member.Name), Card = member.Card, Terminal = Terminal, Operator = Cashier };
            var (joined, _) = await till.AskAsync((client, options) => client.RegisterAsync(request, options));
            if (joined.Member is null)
            {
                tally.Refused("register", joined.Rejection.Code);
                return joined.Rejection;
            }

            member.Id = joined.Member.MemberId;
            tally.Registered();
            return null;
        }

        var card = new IdentifyTillRequest { Key = new MemberKey { Card = member.Card } };
        var (known, _) = await till.AskAsync((client, options) => client.IdentifyAsync(card, options));
        return known.Rejection;
    }

    private async Task TopUpAsync(long amountMinor)
    {
        if (amountMinor == 0)
        {
            return;
        }

        var request = new TopUpRequest { RequestId = Id("topup"), MemberId = member.Id, AmountMinor = amountMinor, Terminal = Terminal, Operator = Cashier };
        var (answer, _) = await till.AskAsync((client, options) => client.TopUpAsync(request, options));
        if (answer.Receipt is { } receipt)
        {
            member.EnterTopUp(receipt);
            tally.ToppedUp(receipt);
        }
        else
        {
            tally.Refused("top-up", answer.Rejection.Code);
        }
    }

    private async Task RefundAsync(long amountMinor)
    {
        if (member.FindSale(store.Index, amountMinor) is not { } sale)
        {
            tally.RefundSkipped();
            return;
        }

        var request = new RefundRequest { RequestId = Id("refund"), Op = sale.Op, AmountMinor = amountMinor, Terminal = Terminal, Operator = Cashier };
        var (answer, _) = await till.AskAsync((client, options) => client.RefundAsync(request, options));
        if (answer.Receipt is { } receipt)
        {
            member.EnterRefund(sale, receipt);
            tally.Refunded();
        }
        else
        {
            tally.RefundSkipped();
            tally.Refused("refund", answer.Rejection.Code);
        }
    }

    private string Id(string step) => $"row{row.Line}-{step}";
}

/// <summary>What a visit may want to know of the chain around its till.</summary>
/// <param name="HasHub">Whether a store could reach the hub, where its till does not say.</param>
/// <param name="IsChainWhole">Whether every store reaches the hub, as far as is known.</param>
internal sealed record Surroundings(Func<Store, bool> HasHub, Func<bool> IsChainWhole);
