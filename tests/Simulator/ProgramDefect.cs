namespace SyncHub.Simulator;

/// <summary>A defect in the hub's program, put there by the simulator: a turn breaks in its midst.</summary>
internal sealed class ProgramDefect : InvalidOperationException
{
    public ProgramDefect()
        : base("The program has a defect that this op shows.")
    {
    }
}
