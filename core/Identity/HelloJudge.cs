using SyncHub.Core.Mechanisms;
using SyncHub.Core.Primitives;
using SyncHub.Core.Protocol;

namespace SyncHub.Core.Identity;

/// <summary>What the hub knows beside the store's lives when a Hello comes.</summary>
/// <param name="First">The first life of the hub's cell and term.</param>
/// <param name="IsReconciling">Whether the hub was restored and has not heard this store out yet.</param>
/// <param name="Session">The chain of the life that the Hello names; null where there is none.</param>
/// <param name="HasLiveStream">Whether a welcomed stream of the store is up and has not failed a challenge.</param>
public readonly record struct HelloContext(Incarnation First, bool IsReconciling, StoreSession? Session, bool HasLiveStream);

/// <summary>What the hub says to a Hello, and the lives after it. The lives must be durable before the answer leaves.</summary>
public abstract record HelloAnswer(StoreLives Lives);

/// <summary>Welcome: go on from the committed watermark.</summary>
public sealed record Welcomed(StoreLives Lives, long Token) : HelloAnswer(Lives);

/// <summary>The database does not continue what the hub knows of it: its agent locks itself.</summary>
public sealed record Stale(StoreLives Lives, string Reason) : HelloAnswer(Lives);

/// <summary>The old life is dead; a new one begins, empty.</summary>
public sealed record Reincarnated(StoreLives Lives, Incarnation Old, Incarnation New, LifeKey Wish) : HelloAnswer(Lives);

/// <summary>Somebody else is this store: a person decides.</summary>
public sealed record Quarantined(StoreLives Lives, string Reason) : HelloAnswer(Lives);

/// <summary>Ask the stream that is up whether it is still there, then judge again.</summary>
public sealed record ChallengeFirst(StoreLives Lives) : HelloAnswer(Lives);

/// <summary>Judges who may go on as a store (protocol.md 1.4). Pure.</summary>
/// <remarks>
/// Money is safe whatever is decided here: rights belong to a life, and a life's log is a chain. This decides who is served, and finds
/// databases that forgot something before they can use it twice.
/// </remarks>
public static class HelloJudge
{
    /// <summary>The answer to <paramref name="hello"/>.</summary>
    public static HelloAnswer Judge(StoreLives lives, Hello hello, HelloContext context)
    {
        var asked = hello.Holder.Incarnation;
        var life = lives.Find(asked);
        if (life is null)
        {
            // Never an unknown life, except one of an earlier term: a restore of the hub may have forgotten that it gave it.
            if (asked.Term >= context.First.Term)
            {
                return new Quarantined(lives, $"Life {asked} of store {hello.Holder.Store} was never given by this hub. Give the store a new life: `synchub store replace`.");
            }

            lives = context.IsReconciling && asked.CompareTo(lives.Current) > 0 ? lives.Adopt(asked, hello.Device) : lives.Remember(asked, hello.Device);
            life = lives.Find(asked)!;
        }

        if (life.Status == LifeStatus.Branch)
        {
            return new Quarantined(lives, $"{asked} is not a life of a store but a branch kept by the hub.");
        }

        if (life.Status != LifeStatus.Living || hello.IsLocked)
        {
            return Reincarnate(lives, life, hello, context);
        }

        if (!life.Device.IsNone && life.Device != hello.Device)
        {
            return OtherMachine(lives, life, hello);
        }

        if (!context.IsReconciling && !life.Knows(hello.Token) && !Switches.IsOff(Mechanism.Tokens))
        {
            return new Stale(lives, $"Store {hello.Holder.Store} shows token {hello.Token}, which is not its newest. This database is an older copy, or a second one runs, and must not spend.");
        }

        if (!Switches.IsOff(Mechanism.StaleCheck) && context.Session?.FindAmnesia(hello.TipSequence, hello.TipHash) is { } amnesia)
        {
            return new Stale(lives, amnesia);
        }

        if (context.HasLiveStream && !Switches.IsOff(Mechanism.Challenge))
        {
            return new ChallengeFirst(lives);
        }

        var (next, token) = lives.IssueToken(life, hello.Device, hello.Token);
        return new Welcomed(next, token);
    }

    /// <summary>The answer where the stream that was challenged still lives: two machines run as one store.</summary>
    public static HelloAnswer Clone(StoreLives lives, Hello hello) =>
        new Quarantined(lives, $"Store {hello.Holder.Store} is connected and answers; a second copy of it must not run. Stop one of the two, then `synchub store release {hello.Holder.Store}`.");

    private static HelloAnswer Reincarnate(StoreLives lives, Life life, Hello hello, HelloContext context)
    {
        if (hello.Wish.IsNone)
        {
            return new Stale(lives, $"Life {life.Number} of store {hello.Holder.Store} has ended. The agent locks itself and asks for a new one.");
        }

        var current = lives.Living;
        if (current is null)
        {
            return Begin(lives, life, hello, context);
        }

        // Whoever lives now on another machine is not ended by one who forgot something. A copy of a locked database holds its wish too:
        // the same wish from another machine must not get the same life, or two would live it.
        if (!current.Device.IsNone && current.Device != hello.Device)
        {
            return OtherMachine(lives, current, hello);
        }

        if (current.Wish == hello.Wish)
        {
            return new Reincarnated(lives, life.Number, current.Number, hello.Wish); // the answer was lost on its way
        }

        return context.HasLiveStream && !Switches.IsOff(Mechanism.Challenge) ? new ChallengeFirst(lives) : Begin(lives, life, hello, context);
    }

    private static Reincarnated Begin(StoreLives lives, Life old, Hello hello, HelloContext context)
    {
        var next = lives.Begin(context.First, hello.Device, hello.Wish);
        return new Reincarnated(next, old.Number, next.Current, hello.Wish);
    }

    private static Quarantined OtherMachine(StoreLives lives, Life life, Hello hello) =>
        new(lives, $"Life {life.Number} of store {hello.Holder.Store} belongs to machine {life.Device}; this is machine {hello.Device}. If this one is to go on, run `synchub store release {hello.Holder.Store}`.");
}
