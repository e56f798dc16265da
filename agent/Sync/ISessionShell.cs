using SyncHub.Agent.Engine;
using SyncHub.Storage;

namespace SyncHub.Agent.Sync;

/// <summary>What a session needs of the world around it.</summary>
/// <remarks>All calls come from inside the session's own calls, and callbacks are made one at a time with those.</remarks>
internal interface ISessionShell
{
    /// <summary>Wall clock, Unix milliseconds.</summary>
    long NowMs { get; }

    /// <summary>Monotonic clock, milliseconds; 0 where the world has none.</summary>
    long ElapsedMs => 0;

    /// <summary>Tells the engine; what comes of it is nobody's concern.</summary>
    void Tell(AgentCommand command);

    /// <summary>Asks the engine; <paramref name="then"/> is called when the reply is durable, and never where there is none.</summary>
    void Ask(AgentCommand command, Action<EngineReply> then);

    /// <summary>Books what headquarters ordered; <paramref name="then"/> is called when that is durable, and never where the agent cannot say now. A world without tills books nothing.</summary>
    void Do(V1.StoreOrder order, Action<V1.StoreOrderReply> then)
    {
    }

    /// <summary>Durable ops of the log.</summary>
    IReadOnlyList<StoredFact> ReadFacts(ProducerId producer, long fromSequence, int limit, int maxBytes);

    /// <summary>There is something to send.</summary>
    void Wake();

    /// <summary>The connection is of no more use.</summary>
    /// <param name="reason">Why, for people.</param>
    /// <param name="again">Whether to connect again at once.</param>
    void End(string reason, bool again = false);

    /// <summary>Something that people should know.</summary>
    void Note(string text, bool isTrouble);
}
