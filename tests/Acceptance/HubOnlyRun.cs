namespace SyncHub.Acceptance;

/// <summary>What rented systems do: the wallet lies at the hub, each sale asks for it, and without a network there is the floor or nothing.</summary>
internal static class HubOnlyRun
{
    public static Tally Run(PurchaseTrace trace, long floorMinor, OutageSchedule outages)
    {
        var tally = new Tally();
        var wallets = new long[trace.Members];
        var advances = new long[trace.Members];
        var visited = new HashSet<(int Store, int Member)>();
        foreach (var (at, store, member, amount) in trace.Purchases)
        {
            var (reloads, isFirst) = (wallets[member] < amount, visited.Add((store, member)));
            if (reloads)
            {
                wallets[member] += trace.ReloadMinor(member, wallets[member], amount);
                tally.Reloads++;
            }

            tally.TurnoverMinor += amount;
            if (outages.EndOf(store, at) is null)
            {
                tally.Online++;
                tally.Count(Frame.RightsRequest);
                tally.Count(Frame.RightsReply);
                tally.WalletMinor += wallets[member];
                var settled = Math.Clamp(wallets[member] - amount, 0, advances[member]);
                (wallets[member], advances[member]) = (wallets[member] - amount - settled, advances[member] - settled);
                continue;
            }

            tally.Offline++;
            tally.Reachable += reloads || !isFirst ? 1 : 0;
            if (amount <= floorMinor)
            {
                tally.OfflineApproved++;
                tally.FloorUsed++;
                advances[member] += amount;
            }
            else if (isFirst)
            {
                tally.NeverVisited++;
            }
            else
            {
                tally.FreeAtHub++;
            }
        }

        tally.OpenAdvanceMinor = advances.Sum();
        return tally;
    }
}
