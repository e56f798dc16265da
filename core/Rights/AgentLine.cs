using SyncHub.Core.Mechanisms;

namespace SyncHub.Core.Rights;

/// <summary>A right line as its store sees it: four cumulative numbers that only grow (protocol.md 1.2).</summary>
/// <param name="Granted">g: granted by the hub, as far as this store has seen.</param>
/// <param name="Credited">c: credited here.</param>
/// <param name="Debited">d: debited here.</param>
/// <param name="Relinquished">r: handed back.</param>
public readonly record struct AgentLine(long Granted, long Credited, long Debited, long Relinquished)
{
    /// <summary>a = g + c - d - r: what may be spent here, online or offline, without asking anybody.</summary>
    public long Available => checked(Granted + Credited - Debited - Relinquished);

    /// <summary>The line after a grant; an old or repeated one changes nothing.</summary>
    public AgentLine WithGranted(long granted) => this with { Granted = Math.Max(Granted, granted) };

    /// <summary>The line after a local credit.</summary>
    public AgentLine Credit(long amount) => this with { Credited = checked(Credited + amount) };

    /// <summary>The line after a local debit.</summary>
    /// <exception cref="InvalidOperationException">I1: more than is available here.</exception>
    public AgentLine Debit(long amount) => Checked(this with { Debited = checked(Debited + amount) });

    /// <summary>The line after handing rights back.</summary>
    /// <exception cref="InvalidOperationException">I1: more than is available here.</exception>
    public AgentLine Relinquish(long amount) => Checked(this with { Relinquished = checked(Relinquished + amount) });

    // I1: a >= 0 on every agent line. Everything else in the protocol rests on this one comparison.
    private static AgentLine Checked(AgentLine line) => line.Available >= 0 || Switches.IsOff(Mechanism.LocalRights)
        ? line
        : throw new InvalidOperationException($"I1 broken: right line {line} would allow {line.Available}.");
}
