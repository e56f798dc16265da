namespace SyncHub.Core.Mechanisms;

/// <summary>Asks whether a mechanism is off. In the product it never is, and the question costs nothing; only the build for mutants has a switch.</summary>
public static class Switches
{
#if MUTANTS
    private static Mechanism[] _off = [];

    /// <summary>What is off in this process: one mechanism, or several that hold the same line.</summary>
    public static void TurnOff(params Mechanism[] mechanisms) => _off = mechanisms;

    /// <summary>Whether <paramref name="mechanism"/> is off.</summary>
    public static bool IsOff(Mechanism mechanism) => Array.IndexOf(_off, mechanism) >= 0;
#else
    /// <summary>Whether <paramref name="mechanism"/> is off.</summary>
    public static bool IsOff(Mechanism mechanism) => false;
#endif
}
