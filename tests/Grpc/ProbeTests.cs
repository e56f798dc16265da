using System.Text.Json;
using Xunit;

namespace SyncHub.Grpc.Tests;

/// <summary>The probes of tests/Interop/probes.json against this server. `make interop` sends the same bytes to official servers and
/// prints their answers beside (artifacts/interop/probes.md).</summary>
public sealed class ProbeTests
{
    private static readonly Dictionary<string, Probe> Probes = Load().ToDictionary(probe => probe.Name, StringComparer.Ordinal);

    public static TheoryData<string> Names => [.. Probes.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task The_server_answers_as_expected(string name)
    {
        var probe = Probes[name];
        await using var server = await InteropFixture.StartAsync();
        using var raw = await RawHttp2.ConnectAsync(server.Port);
        var outcome = raw.ReadOutcomeAsync(1); // from the start: once the server has closed, what it said before may be lost
        try
        {
            await raw.SendLongHeadersAsync(1, endsStream: probe.Ends && probe.Body.Length == 0, [.. probe.Headers.Select(header => (header[0], header[1]))]);
            foreach (var (index, data) in probe.Body.Index())
            {
                await raw.SendDataAsync(1, endsStream: probe.Ends && index == probe.Body.Length - 1, Convert.FromHexString(data));
            }
        }
        catch (IOException)
        {
            // It answered and closed before it had everything; the answer is what counts.
        }

        Assert.Equal(probe.Expected, await outcome);
    }

    private static Probe[] Load() => JsonSerializer.Deserialize<Probe[]>(
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "probes.json")), JsonSerializerOptions.Web)!;

    /// <summary>One request, as it goes on the wire.</summary>
    /// <param name="Name">What is odd about it.</param>
    /// <param name="Headers">Pairs of name and value, in order.</param>
    /// <param name="Body">The DATA frames, in hexadecimal.</param>
    /// <param name="Ends">Whether the last frame ends the stream.</param>
    /// <param name="Expected">What this server answers.</param>
    public sealed record Probe(string Name, string[][] Headers, string[] Body, bool Ends, string Expected);
}
