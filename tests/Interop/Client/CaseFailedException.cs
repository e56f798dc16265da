namespace SyncHub.Interop.Client;

/// <summary>A case did not see what it must.</summary>
internal sealed class CaseFailedException(string message) : Exception(message)
{
    public static void ThrowUnless(bool condition, string what)
    {
        if (!condition)
        {
            throw new CaseFailedException(what);
        }
    }

    public static void ThrowUnlessEqual<T>(T expected, T actual, string what) =>
        ThrowUnless(EqualityComparer<T>.Default.Equals(expected, actual), $"{what}: expected {expected}, got {actual}");
}
