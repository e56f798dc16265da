using SyncHub.V1;

namespace SyncHub.Bench;

/// <summary>Sales through an agent's till door.</summary>
internal static class TillSales
{
    /// <summary>One sale that must be approved.</summary>
    public static async Task<Receipt> SellAsync(Agent agent, string member, string requestId, CancellationToken cancellation, long billMinor = 100)
    {
        var answer = await agent.Till.SellAsync(Request(member, requestId, billMinor), cancellationToken: cancellation);
        return answer.Receipt ?? throw new InvalidOperationException($"A sale was refused: {answer.Rejection}");
    }

    /// <summary>What a till sends for it.</summary>
    public static SaleRequest Request(string member, string requestId, long billMinor = 100) => new() { RequestId = requestId, MemberId = member, BillMinor = billMinor, Terminal = "t1", Operator = "o1" };
}
