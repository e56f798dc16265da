using Xunit;

namespace SyncHub.Grpc.Tests;

/// <summary>Tests that look at the whole process run when no others do.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "alone";
}
