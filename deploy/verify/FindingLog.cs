namespace SyncHub.Verify;

/// <summary>Collects findings: all are counted, the first few of each code are kept.</summary>
internal sealed class FindingLog(int examplesPerCode)
{
    private readonly Dictionary<string, long> _counts = new(StringComparer.Ordinal);

    /// <summary>What is wrong.</summary>
    public List<Finding> Findings { get; } = [];

    /// <summary>What is wrong only where everything should have settled.</summary>
    public List<Finding> Unsettled { get; } = [];

    /// <summary>How many of each code, of both kinds.</summary>
    public IReadOnlyDictionary<string, long> Counts => _counts;

    /// <summary>Members with a finding of the wallet check.</summary>
    public HashSet<UInt128> MismatchedMembers { get; } = [];

    /// <summary>Something is wrong.</summary>
    public void Add(string code, string message) => Add(Findings, code, message);

    /// <summary>Something is wrong with a member's wallet.</summary>
    public void AddWallet(string code, UInt128 member, string message)
    {
        MismatchedMembers.Add(member);
        Add(Findings, code, $"member {MemberText.Of(member)}: {message}");
    }

    /// <summary>Something is on its way.</summary>
    public void AddUnsettled(string code, string message) => Add(Unsettled, code, message);

    private void Add(List<Finding> to, string code, string message)
    {
        var count = _counts[code] = _counts.GetValueOrDefault(code) + 1;
        if (count <= examplesPerCode)
        {
            to.Add(new Finding(code, message));
        }
    }
}
