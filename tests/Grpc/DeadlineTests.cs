using Grpc.Core;
using Xunit;

namespace SyncHub.Grpc.Tests;

/// <summary>Deadlines: kept by both sides, each by itself.</summary>
public sealed class DeadlineTests
{
    private static DateTime Shortly => DateTime.UtcNow.AddMilliseconds(200);

    [Fact]
    public async Task A_call_ends_at_its_deadline_on_both_sides()
    {
        await using var server = await TestServer.StartAsync();

        // A handler that a busy machine starts after the deadline is one that never ran: the next call has twice the time.
        for (var seconds = 1; !server.Events.Started.Task.IsCompleted; seconds *= 2)
        {
            await server.Client().UnaryAsync(new EchoRequest { Text = "wait" }, deadline: DateTime.UtcNow.AddSeconds(seconds)).ResponseAsync.Fails(StatusCode.DeadlineExceeded);
        }

        await server.Events.Cancelled.Task.Happens("the cancellation of the handler");
        Assert.Empty(server.Logs.Errors);
    }

    [Fact]
    public async Task A_stream_ends_at_its_deadline_for_reader_and_writer()
    {
        await using var server = await TestServer.StartAsync();
        using var call = server.Client().Chat(deadline: Shortly);
        await call.ResponseStream.MoveNext().Fails(StatusCode.DeadlineExceeded);
        await call.RequestStream.WriteAsync(new EchoRequest()).Fails(StatusCode.DeadlineExceeded);
        Assert.Equal(StatusCode.DeadlineExceeded, call.GetStatus().StatusCode);
    }

    [Fact]
    public async Task A_deadline_in_the_past_sends_nothing()
    {
        await using var server = await TestServer.StartAsync();
        await server.Client().UnaryAsync(new EchoRequest { Text = "wait" }, deadline: DateTime.UtcNow.AddSeconds(-1)).ResponseAsync.Fails(StatusCode.DeadlineExceeded);
        Assert.False(server.Events.Started.Task.IsCompleted);
    }

    [Fact]
    public async Task The_server_knows_the_deadline()
    {
        await using var server = await TestServer.StartAsync();
        var deadline = DateTime.UtcNow.AddMinutes(7);
        var reply = await server.Client().UnaryAsync(new EchoRequest { Text = "deadline" }, deadline: deadline);
        Assert.Equal(deadline, new DateTime(reply.Count, DateTimeKind.Utc), TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task Without_a_deadline_the_server_knows_none()
    {
        await using var server = await TestServer.StartAsync();
        Assert.Equal(-1, (await server.Client().UnaryAsync(new EchoRequest { Text = "deadline" })).Count);
    }

    [Fact]
    public async Task A_deadline_of_thousands_of_years_is_no_error()
    {
        await using var server = await TestServer.StartAsync();
        var reply = await server.Client().UnaryAsync(new EchoRequest { Text = "deadline" }, deadline: DateTime.SpecifyKind(DateTime.MaxValue.AddDays(-1), DateTimeKind.Utc));
        Assert.True(reply.Count > 0);
    }

    [Fact]
    public async Task A_deadline_in_local_time_is_refused()
    {
        await using var server = await TestServer.StartAsync();
        var client = server.Client();
        Assert.Throws<InvalidOperationException>(() => client.UnaryAsync(new EchoRequest(), deadline: DateTime.Now.AddHours(1)));
    }

    [Fact]
    public async Task A_deadline_is_inherited_through_a_propagation_token()
    {
        await using var server = await TestServer.StartAsync();
        var token = new ContextPropagationToken(Shortly, CancellationToken.None, ContextPropagationOptions.Default);
        await server.Client().UnaryAsync(new EchoRequest { Text = "wait" }, new CallOptions(propagationToken: token)).ResponseAsync.Fails(StatusCode.DeadlineExceeded);
    }
}
