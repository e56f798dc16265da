namespace SyncHub.Agent.Engine;

/// <summary>Somebody is about to try a PIN: counted before it is looked at, so that neither a crash nor many tries at once give more of them.</summary>
public sealed record PinTryBegun(long NowMs, string Name) : AgentCommand(NowMs);

/// <summary>The PIN was the right one.</summary>
/// <param name="NowMs">When.</param>
/// <param name="Name">Whose.</param>
/// <param name="Session">SHA-256 of the session that begins; empty where none does.</param>
/// <param name="Terminal">The till.</param>
public sealed record PinWasRight(long NowMs, string Name, ReadOnlyMemory<byte> Session, string Terminal) : AgentCommand(NowMs);

/// <summary>Whose session a request shows, for the engine of another cell.</summary>
/// <param name="NowMs">When.</param>
/// <param name="Session">SHA-256 of the session.</param>
/// <param name="Request">The request, for the form of a refusal.</param>
public sealed record SessionShown(long NowMs, ReadOnlyMemory<byte> Session, Google.Protobuf.IMessage Request) : AgentCommand(NowMs);

/// <summary>A cashier signs out.</summary>
public sealed record SessionEnded(long NowMs, ReadOnlyMemory<byte> Session) : AgentCommand(NowMs);

/// <summary>What a try of a PIN is checked against, by the shell, because it takes long.</summary>
/// <param name="WaitUntilMs">Above zero: not before then; nothing was counted.</param>
/// <param name="Entry">Whose PIN; null for a name that nobody has.</param>
/// <param name="Pepper">The store's key for PINs.</param>
public sealed record PinTry(long WaitUntilMs, V1.CashierEntry? Entry, ReadOnlyMemory<byte> Pepper);
