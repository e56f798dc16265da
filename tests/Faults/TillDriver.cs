using System.Globalization;
using Grpc.Core;
using SyncHub.V1;

namespace SyncHub.Faults.Tests;

/// <summary>The till of one store: it sells, tops up, refunds, voids and closes the day, and asks again under the same id where it got no answer.</summary>
internal sealed class TillDriver(StoreNode store, IReadOnlyList<string> members, Receipts receipts, int seed)
{
    private static readonly TimeSpan CallPatience = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(150);
    private static readonly TimeSpan BetweenCalls = TimeSpan.FromMilliseconds(15);
    private readonly Random _dice = new(seed);
    private readonly List<Receipt> _sales = [];
    private int _requests;

    /// <summary>Works until it is told to stop, and then waits for the answer that it is owed.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await ActAsync();
            await Task.Delay(BetweenCalls, CancellationToken.None);
        }
    }

    private Task ActAsync()
    {
        var request = string.Create(CultureInfo.InvariantCulture, $"s{store.Number}-{++_requests}");
        var member = members[_dice.Next(members.Count)];
        var undone = _sales.Count > 0 ? _sales[_dice.Next(_sales.Count)] : null;
        return _dice.Next(100) switch
        {
            < 70 => PayAsync(request, (till, call) => till.SellAsync(new SaleRequest { RequestId = request, MemberId = member, BillMinor = Amount(100, 4_000) }, call)),
            < 86 => PayAsync(request, (till, call) => till.TopUpAsync(new TopUpRequest { RequestId = request, MemberId = member, AmountMinor = Amount(1_000, 20_000) }, call)),
            < 93 when undone is not null => PayAsync(request, (till, call) => till.RefundAsync(new RefundRequest { RequestId = request, Op = undone.Op, AmountMinor = Amount(1, 400) }, call)),
            < 98 when undone is not null => PayAsync(request, (till, call) => till.VoidAsync(new VoidRequest { RequestId = request, Op = undone.Op }, call)),
            98 => CloseAsync(request),
            _ => Task.CompletedTask,
        };

        // The same request must carry the same amount each time, so the die is cast once for each.
        long Amount(int from, int below) => from + (seed * 31L + _requests * 7919L) % (below - from);
    }

    private async Task PayAsync(string request, Func<Till.TillClient, CallOptions, AsyncUnaryCall<OpAnswer>> call)
    {
        var restores = store.Restores;
        var answer = await AskAsync(request, call);
        if (answer.Receipt is not { } receipt)
        {
            receipts.Refuse(request, answer.Rejection);
            return;
        }

        receipts.Print(request, receipt);
        if (receipt.Type == OpType.Sale)
        {
            _sales.Add(receipt);
        }

        // A printer that ran out of paper: the same request must lead to the same op, unless the disk that knew it was lost.
        if (_dice.Next(20) == 0 && (await AskAsync(request, call)).Receipt is { } again && !again.Op.Equals(receipt.Op))
        {
            if (restores == store.Restores)
            {
                receipts.Fault($"{request} was answered with {receipt.Op} and then with {again.Op}");
            }

            receipts.Print(request, again);
        }
    }

    private async Task CloseAsync(string request)
    {
        var answer = await AskAsync(request, (till, call) => till.CloseDayAsync(new CloseDayRequest { RequestId = request }, call));
        if (answer.Rejection is { } rejection)
        {
            receipts.Refuse(request, rejection);
        }
        else
        {
            receipts.Print(request, answer.Op);
        }
    }

    private async Task<TAnswer> AskAsync<TAnswer>(string request, Func<Till.TillClient, CallOptions, AsyncUnaryCall<TAnswer>> call)
    {
        using var deadline = new CancellationTokenSource(Patience);
        var fault = "the agent was down";
        while (true)
        {
            try
            {
                if (store.Till is { } till)
                {
                    return await call(till, new CallOptions(null, DateTime.UtcNow + CallPatience));
                }
            }
            catch (RpcException unanswered)
            {
                fault = unanswered.Message; // whether the op was logged is found out by asking again
            }

            try
            {
                await Task.Delay(BetweenCalls, deadline.Token);
            }
            catch (OperationCanceledException late)
            {
                throw new TimeoutException($"{request} got no answer in {Patience}; at last: {fault}", late);
            }
        }
    }
}
