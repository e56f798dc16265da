using SyncHub.V1;

namespace SyncHub.Verify;

/// <summary>The audit: whether what lies on the disks of hub and stores is sound, found out without the programs that wrote it.</summary>
/// <remarks>
/// It reads files and the hub's database only, decodes them with the generated contracts and adds everything up by its own arithmetic. Nothing is changed and nothing
/// is locked; hub and agents may run meanwhile. Memory: some 300 bytes per op and 1 KB per member.
/// </remarks>
public static class Audit
{
    /// <summary>Audits one hub and the given agents.</summary>
    /// <param name="hub">The hub's folder, with hub.db and its keys.</param>
    /// <param name="agentDataDirectories">Folders with agent.db and identity.json; any number. Stores that are not given are checked as far as the hub knows them.</param>
    /// <param name="options">How.</param>
    /// <returns>The report; files that cannot be read are findings in it, never exceptions.</returns>
    public static AuditReport Run(string hub, IReadOnlyList<string> agentDataDirectories, AuditOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(hub);
        ArgumentNullException.ThrowIfNull(agentDataDirectories);
        ArgumentNullException.ThrowIfNull(options);
        var findings = new FindingLog(Math.Max(1, options.ExamplesPerCode));
        var requests = new RequestIndex(findings);
        var agents = new AgentReader(findings, requests);
        var logs = agentDataDirectories.Select(agents.Read).ToList();
        var log = new HubReader(findings, requests, options).Read(hub);
        var cross = new CrossCheck(log, findings, agents);
        cross.Run(logs);
        return Report(findings, log, cross);
    }

    private static AuditReport Report(FindingLog findings, HubLog hub, CrossCheck cross) => new()
    {
        OpsLogged = cross.Logged,
        OpsApplied = cross.Applied,
        OpsPending = cross.Pending,
        OpsLost = cross.Lost,
        OpsDuplicated = cross.Duplicated,
        OpsInvented = cross.Invented,
        OpsParked = hub.Parked,
        Members = hub.Members.Count,
        WalletsMismatched = findings.MismatchedMembers.Count,
        NegativeAmounts = findings.Counts.GetValueOrDefault(FindingCodes.NegativeAmount) + findings.Counts.GetValueOrDefault(FindingCodes.LineNegative),
        LedgerImbalanceMinor = (long)Int128.Min(hub.ImbalanceMinor, long.MaxValue),
        Findings = findings.Findings,
        Unsettled = findings.Unsettled,
        Counts = findings.Counts,
        Wallets = hub.Members.ToDictionary(pair => pair.Key, pair => WalletOf(pair.Value)),
    };

    private static WalletTotals WalletOf(MemberFold member) =>
        new(member.TotalOf(BucketKind.Principal) + member.TotalOf(BucketKind.Lot), member.TotalOf(BucketKind.Points));
}
