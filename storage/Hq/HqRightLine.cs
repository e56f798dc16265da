namespace SyncHub.Storage.Hq;

/// <summary>A row of hq_right_line, cumulative, minor units or points. Outstanding + Disowned = Granted + Credited - Debited - Relinquished.</summary>
/// <param name="Member">Whose value.</param>
/// <param name="Store">The store that holds the rights.</param>
/// <param name="Incarnation">In which life.</param>
/// <param name="Bucket">principal, points, credit, or lot:store:terms:day.</param>
/// <param name="Granted">G.</param>
/// <param name="Credited">C.</param>
/// <param name="Debited">D.</param>
/// <param name="Relinquished">R.</param>
/// <param name="Disowned">F.</param>
/// <param name="Outstanding">A.</param>
public sealed record HqRightLine(StreamId Member, long Store, long Incarnation, string Bucket, long Granted, long Credited, long Debited, long Relinquished, long Disowned, long Outstanding);
