using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using SyncHub.Agent.Till;

namespace SyncHub.Agent.Tests;

/// <summary>Tills on other machines must be paired.</summary>
public sealed class TillDoorTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("door").FullName;

    [Fact]
    public async Task A_till_of_this_machine_may_call_another_one_only_when_it_is_paired_and_until_it_is_unpaired()
    {
        var door = new TillDoor(new TillPairs(_folder), NullLogger<TillDoor>.Instance);
        Assert.True(await PassesAsync(door, IPAddress.Loopback, null));
        Assert.True(await PassesAsync(door, IPAddress.IPv6Loopback, null));
        Assert.False(await PassesAsync(door, IPAddress.Parse("10.0.0.9"), null));
        Assert.False(await PassesAsync(door, IPAddress.Parse("10.0.0.9"), "Bearer syp_guessed"));

        var token = TillPairs.Add(_folder, "till-1");
        var other = TillPairs.Add(_folder, "till-2");
        Assert.True(await PassesAsync(door, IPAddress.Parse("10.0.0.9"), "Bearer " + token));
        Assert.Throws<ArgumentException>(() => TillPairs.Add(_folder, "till-1"));
        Assert.DoesNotContain(token, await File.ReadAllTextAsync(Path.Combine(_folder, "tills.json")), StringComparison.Ordinal);

        Assert.True(TillPairs.Remove(_folder, "till-1"));
        Assert.False(TillPairs.Remove(_folder, "till-1"));
        Assert.False(await PassesAsync(door, IPAddress.Parse("10.0.0.9"), "Bearer " + token));
        Assert.True(await PassesAsync(door, IPAddress.Parse("10.0.0.9"), "Bearer " + other));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static async Task<bool> PassesAsync(TillDoor door, IPAddress from, string? authorization)
    {
        var passed = false;
        var http = new DefaultHttpContext();
        http.Connection.RemoteIpAddress = from;
        http.Request.Headers.Authorization = authorization;
        await door.InvokeAsync(http, _ =>
        {
            passed = true;
            return Task.CompletedTask;
        });
        Assert.Equal(passed ? StatusCodes.Status200OK : StatusCodes.Status401Unauthorized, http.Response.StatusCode);
        return passed;
    }
}
