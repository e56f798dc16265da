using Grpc.Core;

namespace SyncHub.Demo.Chain;

/// <summary>All wallets as HQ sees them.</summary>
internal static class HubWallets
{
    private const int AtOnce = 16;

    /// <summary>Reads principal and bonus of each member; who is unknown at the hub is left out.</summary>
    public static async Task<IReadOnlyDictionary<string, (long PrincipalMinor, long BonusMinor)>> ReadAsync(Hub hub, IEnumerable<string> members, CancellationToken cancellation)
    {
        var found = new Dictionary<string, (long, long)>(StringComparer.Ordinal);
        foreach (var some in members.Chunk(AtOnce))
        {
            foreach (var (member, wallet) in await Task.WhenAll(some.Select(ReadOneAsync)))
            {
                if (wallet is { } known)
                {
                    found.Add(member, known);
                }
            }
        }

        return found;

        async Task<(string Member, (long, long)? Wallet)> ReadOneAsync(string member)
        {
            try
            {
                var wallet = await hub.GetWalletAsync(member, cancellation);
                return (member, (wallet.PrincipalMinor, wallet.BonusMinor));
            }
            catch (RpcException error) when (error.StatusCode == StatusCode.NotFound)
            {
                return (member, null); // a mismatch, which the caller counts
            }
        }
    }
}
