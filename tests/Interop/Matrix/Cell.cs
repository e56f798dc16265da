namespace SyncHub.Interop.Matrix;

/// <summary>What came of one case in one direction.</summary>
/// <param name="Mark">passed, failed, or -, where the client lacks the case.</param>
/// <param name="Detail">What the client said of its failure.</param>
internal sealed record Cell(string Mark, string? Detail)
{
    public static Cell Passed { get; } = new("ok", null);

    public static Cell Absent { get; } = new("-", null);

    public bool IsFailed => Mark == "FAIL";

    public static Cell Failed(string detail) => new("FAIL", detail);
}
