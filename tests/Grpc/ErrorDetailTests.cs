using Google.Rpc;
using Grpc.Core;
using Grpc.Standard;
using Xunit;
using Status = Grpc.Core.Status;

namespace SyncHub.Grpc.Tests;

/// <summary>google.rpc.Status in the trailer grpc-status-details-bin.</summary>
public sealed class ErrorDetailTests
{
    [Fact]
    public async Task A_typed_reason_and_a_retry_hint_arrive_with_the_failure()
    {
        await using var server = await TestServer.StartAsync();
        var failure = await server.Client().UnaryAsync(new EchoRequest { Text = "typed" }).ResponseAsync.Fails(StatusCode.ResourceExhausted);
        var status = failure.GetRpcStatus()!;
        Assert.Equal(((int)failure.StatusCode, failure.Status.Detail), (status.Code, status.Message));
        Assert.Equal(("TOO_MANY", RpcFault.Domain), (status.GetDetail<ErrorInfo>()!.Reason, status.GetDetail<ErrorInfo>()!.Domain));
        Assert.Equal(TimeSpan.FromSeconds(60), status.GetDetail<RetryInfo>()!.RetryDelay.ToTimeSpan());
        Assert.Equal("TOO_MANY", RpcFault.ReasonOf(failure));
    }

    [Fact]
    public void Broken_or_missing_details_leave_the_code_and_the_text()
    {
        Assert.Null(new RpcException(new Status(StatusCode.Aborted, "text")).GetRpcStatus());
        Assert.Null(RpcFault.ReasonOf(new RpcException(new Status(StatusCode.Aborted, "text"), new Metadata { { RpcExceptionExtensions.TrailerName, [0xFF] } })));
    }
}
