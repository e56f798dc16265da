namespace SyncHub.Core.Mechanisms;

/// <summary>Asks whether a mechanism is off. In the product it never is, and the question costs nothing; only the build for mutants has a switch.</summary>
public static class Switches
{
#if MUTANTS
    /// <summary>What is off in this process.</summary>
    public static Mechanism Off { get; set; }

    /// <summary>Whether <paramref name="mechanism"/> is off.</summary>
    public static bool IsOff(Mechanism mechanism) => Off == mechanism;
#else
    /// <summary>Whether <paramref name="mechanism"/> is off.</summary>
    public static bool IsOff(Mechanism mechanism) => false;
#endif
}
