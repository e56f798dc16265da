namespace SyncHub.Demo;

/// <summary>The demo cannot go on; the message is for the person who started it and names the way out.</summary>
public sealed class DemoException : Exception
{
    /// <summary>Without a message; for serializers and tools.</summary>
    public DemoException()
    {
    }

    /// <summary>With what happened and what to do.</summary>
    public DemoException(string message) : base(message)
    {
    }

    /// <summary>With what happened, what to do, and what lies beneath.</summary>
    public DemoException(string message, Exception innerException) : base(message, innerException)
    {
    }
}
