using System.Globalization;

namespace SyncHub.Faults.Tests;

/// <summary>What <c>make faults</c> asks for, in environment variables.</summary>
internal static class Settings
{
    /// <summary>A number, or null where the variable is not set.</summary>
    public static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
