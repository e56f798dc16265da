using SyncHub.Core.Primitives;

namespace SyncHub.Core.Identity;

/// <summary>All lives of one store's database, and the rules by which a new one begins (protocol.md 1.4). Unchangeable.</summary>
/// <remarks>What is decided here must be durable before anybody hears of it.</remarks>
public sealed record StoreLives
{
    // An agent keeps the newest token that reached it; it cannot be this many behind without having confirmed one.
    private const int RememberedTokens = 16;

    /// <summary>Every life and branch, oldest first.</summary>
    public IReadOnlyList<Life> All { get; init; } = [];

    /// <summary>The newest life; it may be dead. Default where there never was one.</summary>
    public Incarnation Current { get; init; }

    /// <summary>The highest number that was given in any term, so that none is given twice.</summary>
    public Incarnation Highest { get; init; }

    /// <summary>The highest token that was given.</summary>
    public long LastToken { get; init; }

    /// <summary>A life or branch, or null.</summary>
    public Life? Find(Incarnation number)
    {
        foreach (var life in All)
        {
            if (life.Number == number)
            {
                return life;
            }
        }

        return null;
    }

    /// <summary>The living one, or null.</summary>
    public Life? Living => Find(Current) is { Status: LifeStatus.Living } life ? life : null;

    /// <summary>The branches of a life, oldest first.</summary>
    public IEnumerable<Life> BranchesOf(Incarnation number) => All.Where(life => life.Status == LifeStatus.Branch && life.BranchOf == number);

    /// <summary>Begins a new life; the one before is dead from now on.</summary>
    /// <param name="first">The first life of the hub's cell and term (<see cref="Incarnation.First"/>).</param>
    /// <param name="device">The machine that lives it, where it is known.</param>
    /// <param name="wish">What it is given for.</param>
    public StoreLives Begin(Incarnation first, LifeKey device, LifeKey wish)
    {
        var number = Next(first);
        var before = Living is { } living ? Put(living with { Status = LifeStatus.Dead }) : this;
        return before.Put(new Life(number, LifeStatus.Living) { Device = device, Wish = wish }) with { Current = number, Highest = number };
    }

    /// <summary>Takes a life that a lost state of the hub had given: it is the newest one, whoever was before it is dead.</summary>
    public StoreLives Adopt(Incarnation number, LifeKey device)
    {
        var before = Living is { } living ? Put(living with { Status = LifeStatus.Dead }) : this;
        return before.Put(new Life(number, LifeStatus.Living) { Device = device }) with { Current = number, Highest = Max(Highest, number) };
    }

    /// <summary>Takes a life that a lost state of the hub had given and that is over: its log is taken in as facts.</summary>
    public StoreLives Remember(Incarnation number, LifeKey device) =>
        Put(new Life(number, LifeStatus.Dead) { Device = device }) with { Highest = Max(Highest, number) };

    /// <summary>Starts a branch beside a life.</summary>
    public (StoreLives Lives, Incarnation Branch) Fork(Incarnation first, Incarnation of)
    {
        var number = Next(first);
        return (Put(new Life(number, LifeStatus.Branch) { BranchOf = of }) with { Highest = number }, number);
    }

    /// <summary>Ends a life.</summary>
    public StoreLives Revoke(Incarnation number) => Find(number) is { Status: LifeStatus.Living } life ? Put(life with { Status = LifeStatus.Dead }) : this;

    /// <summary>Gives a living life its next token.</summary>
    public (StoreLives Lives, long Token) IssueToken(Life life, LifeKey device, long agentHas)
    {
        var token = Math.Max(LastToken, agentHas) + 1;
        // A token that is not known here can only be accepted after a restore of the hub: it then counts as confirmed.
        var known = life.Knows(agentHas);
        var issued = known ? life.IssuedTokens : [];
        var next = life with
        {
            Device = life.Device.IsNone ? device : life.Device,
            ConfirmedToken = known ? life.ConfirmedToken : agentHas,
            IssuedTokens = [.. issued.Skip(Math.Max(0, issued.Count + 1 - RememberedTokens)), token],
        };
        return (Put(next) with { LastToken = token }, token);
    }

    /// <summary>The agent used its token: earlier ones are worth nothing any more.</summary>
    public StoreLives Confirm(Incarnation number, long token) =>
        Find(number) is { } life && life.ConfirmedToken != token ? Put(life with { ConfirmedToken = token, IssuedTokens = [] }) : this;

    /// <summary>Replaces a life, or adds it.</summary>
    public StoreLives Put(Life life)
    {
        var all = new List<Life>(All);
        var index = all.FindIndex(other => other.Number == life.Number);
        if (index < 0)
        {
            all.Add(life);
        }
        else
        {
            all[index] = life;
        }

        return this with { All = all };
    }

    private Incarnation Next(Incarnation first) => Highest.Value < first.Value ? first : new Incarnation(Highest.Value + 1);

    private static Incarnation Max(Incarnation left, Incarnation right) => left.CompareTo(right) >= 0 ? left : right;
}
