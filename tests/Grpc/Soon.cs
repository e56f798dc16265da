using Grpc.Core;
using Xunit;

namespace SyncHub.Grpc.Tests;

/// <summary>Waits for what must happen, and says what did not.</summary>
public static class Soon
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public static async Task Happens(this Task task, string what)
    {
        try
        {
            await task.WaitAsync(Patience);
        }
        catch (TimeoutException)
        {
            Assert.Fail($"Waited {Patience} in vain for: {what}");
        }
    }

    public static async Task<T> Happens<T>(this Task<T> task, string what)
    {
        await ((Task)task).Happens(what);
        return await task;
    }

    /// <summary>The failure of a call, with the status code it must have.</summary>
    public static async Task<RpcException> Fails(this Task call, StatusCode expected)
    {
        var failure = await Assert.ThrowsAsync<RpcException>(() => call.Happens("a failure with " + expected));
        Assert.Equal(expected, failure.StatusCode);
        return failure;
    }
}
