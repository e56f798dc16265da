namespace SyncHub.Verify;

/// <summary>One thing that is not as it should be.</summary>
/// <param name="Code">One of <see cref="FindingCodes"/>; stable, for programs.</param>
/// <param name="Message">What was expected and what was found, for people; names the file, member, store or op.</param>
public readonly record struct Finding(string Code, string Message)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Code}: {Message}";
}
