namespace SyncHub.Demo.Traces;

/// <summary>One receipt of a trace: a sale where the amount is above zero, a refund where it is below.</summary>
/// <param name="Line">Line in the file, from 1; also what the request ids of this row are made of.</param>
/// <param name="At">When it happened.</param>
/// <param name="Store">The trace's name of the store.</param>
/// <param name="Member">The trace's name of the member.</param>
/// <param name="AmountMinor">Minor units; above zero a purchase, below zero a refund.</param>
public readonly record struct TraceRow(int Line, DateTimeOffset At, string Store, string Member, long AmountMinor);

/// <summary>A line of a trace that could not be read, and why.</summary>
public sealed record BadLine(int Line, string Reason);
