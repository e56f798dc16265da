namespace SyncHub.Demo.Replay;

/// <summary>The books of all members of the trace.</summary>
/// <remarks>Members are added by the one thread that hands out visits; their amounts are read when all visits are over.</remarks>
public sealed class Book
{
    private readonly Dictionary<string, MemberBook> _members = new(StringComparer.Ordinal);

    /// <summary>Everyone seen so far.</summary>
    public IReadOnlyCollection<MemberBook> Members => _members.Values;

    /// <summary>Payments that took more than was there, of all members.</summary>
    public int Overdrafts => _members.Values.Sum(member => member.Overdrafts);

    /// <summary>The member's book, opened on first sight.</summary>
    public MemberBook Of(string member)
    {
        if (!_members.TryGetValue(member, out var book))
        {
            _members.Add(member, book = new MemberBook(member));
        }

        return book;
    }

    /// <summary>Members who have something else there than here; who is missing there has nothing there.</summary>
    /// <param name="theirs">What others have, by member id.</param>
    /// <param name="ours">The same of a member's book.</param>
    public IReadOnlyList<WalletMismatch> FindMismatches<T>(IReadOnlyDictionary<string, T> theirs, Func<MemberBook, T> ours) where T : struct, IEquatable<T>
    {
        ArgumentNullException.ThrowIfNull(theirs);
        ArgumentNullException.ThrowIfNull(ours);
        return [.. from member in _members.Values
                   where member.Id is not null
                   let here = ours(member)
                   let there = theirs.TryGetValue(member.Id!, out var found) ? found : default
                   where !here.Equals(there)
                   select new WalletMismatch(member.Id!, $"{here}", $"{there}")];
    }
}

/// <summary>A wallet that is not what its receipts add up to.</summary>
public sealed record WalletMismatch(string Member, string Receipts, string Found)
{
    /// <inheritdoc/>
    public override string ToString() => $"member {Member}: receipts say {Receipts}, found {Found}";
}
