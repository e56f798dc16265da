using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;

namespace SyncHub.Agent.Engine;

/// <summary>Cashiers of this store: wrong PINs, open sessions. Who they are, the hub says with the policy; all else works without it.</summary>
/// <remarks>Owned by the engine; not thread-safe. Wrong tries and sessions are durable, so a restart gives no new tries and signs nobody out.</remarks>
internal sealed class CashierBook(Workspace work, AgentMemory memory, IGuard guard)
{
    /// <summary>How long a session lasts: a long shift.</summary>
    public const long SessionMs = 12 * 60 * 60 * 1000;

    private const string TriesOf = "pin-tries";
    private const string Sessions = "till-session";
    private const int FreeTries = 5;
    private const int MostDoublings = 7;
    private const long FirstWaitMs = 30_000;
    private const long LongestWaitMs = 60 * 60 * 1000;
    private const int MostCleaned = 50;
    private const int StrangerBytes = 2; // 65,536 counts: they cost some MB at most, and to meet another name's takes tens of thousands of tries

    /// <summary>Counts a try, and hands out what it is checked against.</summary>
    public EngineReply Begin(PinTryBegun begun)
    {
        var entry = memory.Cashiers.GetValueOrDefault(begun.Name.ToLowerInvariant());
        var stranger = StrangerKeyOf(begun.Name);
        var key = entry is null ? stranger : KeyOf(begun.Name);
        var tries = TriesAt(key);
        // A cashier waits for strangers of the same count too: else a name that nobody has could be told by meeting another one's.
        var until = Math.Max(WaitUntilMs(tries, begun.NowMs), WaitUntilMs(TriesAt(stranger), begun.NowMs));
        if (until > begun.NowMs)
        {
            return new EngineReply { Pin = new PinTry(until, null, default) };
        }

        work.Write(TriesOf, key, new V1.PinTries { Wrong = tries.Wrong + 1, LastMs = begun.NowMs }.ToByteArray());
        return new EngineReply { Pin = new PinTry(0, entry, guard.Pepper) };
    }

    /// <summary>Forgets the wrong tries, and opens the session.</summary>
    public EngineReply Right(PinWasRight right)
    {
        work.Write(TriesOf, KeyOf(right.Name), null);
        if (!right.Session.IsEmpty)
        {
            foreach (var document in work.Journal.ReadDocuments(Sessions, [], [], MostCleaned).Where(document => V1.TillSession.Parser.ParseFrom(document.Value).ExpiresAtMs <= right.NowMs))
            {
                work.Write(Sessions, document.Key, null);
            }

            var session = new V1.TillSession { Cashier = right.Name, Terminal = right.Terminal, ExpiresAtMs = right.NowMs + SessionMs };
            work.Write(Sessions, right.Session.ToArray(), session.ToByteArray());
        }

        return new EngineReply();
    }

    /// <summary>Ends a session.</summary>
    public EngineReply End(SessionEnded ended)
    {
        work.Write(Sessions, ended.Session.ToArray(), null);
        return new EngineReply();
    }

    /// <summary>Whose a session is, or why it is nobody's.</summary>
    public EngineReply Tell(SessionShown shown)
    {
        var (call, refusal) = Identify(new TillCall(shown.NowMs, shown.Request, IsOnline: false) { Session = shown.Session });
        return refusal ?? new EngineReply { Cashier = call.Cashier };
    }

    /// <summary>A call with its cashier, or why there is none.</summary>
    public (TillCall Call, EngineReply? Refusal) Identify(TillCall call)
    {
        if (call.Session.IsEmpty)
        {
            return (call, null);
        }

        if (work.Read(Sessions, call.Session.ToArray()) is { } bytes && V1.TillSession.Parser.ParseFrom(bytes) is { } session
            && session.ExpiresAtMs > call.NowMs && memory.Cashiers.ContainsKey(session.Cashier.ToLowerInvariant()))
        {
            return (call with { Cashier = session.Cashier }, null);
        }

        var rejection = new V1.Rejection { Code = V1.RejectionCode.NotSignedIn, Message = "This session is over. Sign in again; a request that is repeated under its request_id is never booked twice." };
        return (call, new EngineReply { Answer = Answers.Refusal(call.Request, rejection) });
    }

    private V1.PinTries TriesAt(byte[] key) => work.Read(TriesOf, key) is { } bytes ? V1.PinTries.Parser.ParseFrom(bytes) : new V1.PinTries();

    // A clock that was set back must not lock for years.
    private static long WaitUntilMs(V1.PinTries tries, long nowMs) =>
        tries.Wrong < FreeTries ? 0 : Math.Min(tries.LastMs, nowMs) + Math.Min(LongestWaitMs, FirstWaitMs << Math.Min(MostDoublings, tries.Wrong - FreeTries));

    private static byte[] KeyOf(string name) => Encoding.UTF8.GetBytes(name.ToLowerInvariant());

    // Names that nobody has are counted like those of cashiers, so that tries tell nothing; but strangers must not fill the disk, so by a keyed hash of few bits.
    private byte[] StrangerKeyOf(string name) => [(byte)'?', .. HMACSHA256.HashData(guard.Pepper.Span, KeyOf(name)).AsSpan(0, StrangerBytes)];
}
