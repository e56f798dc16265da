namespace SyncHub.Core.Tests.Architecture;

/// <summary>What ends a call at the doors of hub and agent carries google.rpc.Status details, so that programs need not read texts.</summary>
public sealed class RefusalTests
{
    [Fact]
    public void Every_refusal_of_hub_and_agent_has_a_typed_reason() =>
        Assert.All(Repository.Files("*.cs").Where(path => path.StartsWith("hub/", StringComparison.Ordinal) || path.StartsWith("agent/", StringComparison.Ordinal)), path =>
            Assert.False(Repository.Read(path).Contains("new Status(", StringComparison.Ordinal), $"{path} ends a call without a reason: use RpcFault.Of."));
}
