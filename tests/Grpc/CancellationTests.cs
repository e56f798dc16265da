using Grpc.Core;
using Xunit;

namespace SyncHub.Grpc.Tests;

/// <summary>Calls that are given up, by every way there is.</summary>
public sealed class CancellationTests
{
    [Fact]
    public async Task A_token_cancels_a_unary_call_on_both_sides()
    {
        await using var server = await TestServer.StartAsync();
        using var source = new CancellationTokenSource();
        var call = server.Client().UnaryAsync(new EchoRequest { Text = "wait" }, cancellationToken: source.Token);
        await server.Events.Started.Task.Happens("the start of the handler");
        await source.CancelAsync();
        await call.ResponseAsync.Fails(StatusCode.Cancelled);
        await server.Events.Cancelled.Task.Happens("the cancellation of the handler");
        Assert.Empty(server.Logs.Errors);
    }

    [Fact]
    public async Task A_token_that_is_cancelled_before_sends_nothing()
    {
        await using var server = await TestServer.StartAsync();
        await server.Client().UnaryAsync(new EchoRequest { Text = "wait" }, cancellationToken: new CancellationToken(canceled: true)).ResponseAsync.Fails(StatusCode.Cancelled);
        Assert.False(server.Events.Started.Task.IsCompleted);
    }

    [Fact]
    public async Task Disposing_of_a_stream_cancels_it_on_both_sides()
    {
        await using var server = await TestServer.StartAsync();
        var call = server.Client().Download(new EchoRequest { Text = "wait", Count = 1 });
        Assert.True(await call.ResponseStream.MoveNext());
        var reading = call.ResponseStream.MoveNext();
        await server.Events.Started.Task.Happens("the start of the wait");
        call.Dispose();
        await reading.Fails(StatusCode.Cancelled);
        await server.Events.Cancelled.Task.Happens("the cancellation of the handler");
    }

    [Fact]
    public async Task Cancelling_a_read_cancels_the_call()
    {
        await using var server = await TestServer.StartAsync();
        using var call = server.Client().Download(new EchoRequest { Text = "wait" });
        using var source = new CancellationTokenSource();
        var reading = call.ResponseStream.MoveNext(source.Token);
        await server.Events.Started.Task.Happens("the start of the wait");
        await source.CancelAsync();
        await reading.Fails(StatusCode.Cancelled);
        await server.Events.Cancelled.Task.Happens("the cancellation of the handler");
    }

    [Fact]
    public async Task Disposing_of_the_channel_cancels_its_calls()
    {
        await using var server = await TestServer.StartAsync();
        var channel = server.Channel();
        var client = new Echo.EchoClient(channel);
        var call = client.UnaryAsync(new EchoRequest { Text = "wait" });
        await server.Events.Started.Task.Happens("the start of the handler");
        channel.Dispose();
        channel.Dispose();
        await call.ResponseAsync.Fails(StatusCode.Cancelled);
        Assert.Throws<ObjectDisposedException>(() => client.UnaryAsync(new EchoRequest()));
    }

    [Fact]
    public async Task A_handler_that_reads_learns_that_its_client_is_gone()
    {
        await using var server = await TestServer.StartAsync();
        var call = server.Client().Upload();
        await call.RequestStream.WriteAsync(new EchoRequest { Text = "hold" });
        call.Dispose();
        await call.ResponseAsync.Fails(StatusCode.Cancelled);
        await call.RequestStream.WriteAsync(new EchoRequest()).Fails(StatusCode.Cancelled);

        // The server is well: it still serves, and a client's departure is no error to it.
        await server.Client().UnaryAsync(new EchoRequest());
        Assert.Empty(server.Logs.Errors);
    }

    [Fact]
    public async Task A_server_that_stops_ends_calls_with_UNAVAILABLE_or_their_cancellation()
    {
        await using var server = await TestServer.StartAsync();
        using var call = server.Client().Download(new EchoRequest { Text = "wait", Count = 1 });
        Assert.True(await call.ResponseStream.MoveNext());
        await server.AbortAsync();
        var failure = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext().Happens("the end of the call"));
        Assert.Contains(failure.StatusCode, new[] { StatusCode.Unavailable, StatusCode.Cancelled });
    }

    [Fact]
    public async Task Cancellation_is_inherited_through_a_propagation_token()
    {
        await using var server = await TestServer.StartAsync();
        using var source = new CancellationTokenSource();
        var token = new ContextPropagationToken(DateTime.MaxValue, source.Token, ContextPropagationOptions.Default);
        var call = server.Client().UnaryAsync(new EchoRequest { Text = "wait" }, new CallOptions(propagationToken: token));
        await server.Events.Started.Task.Happens("the start of the handler");
        await source.CancelAsync();
        await call.ResponseAsync.Fails(StatusCode.Cancelled);
    }
}
