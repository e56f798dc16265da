using SyncHub.V1;
using Xunit;

namespace SyncHub.EndToEnd.Tests;

/// <summary>The audit trail as an auditor gets it: a file that proves itself, and that its end was not cut off.</summary>
public sealed class AuditFileTests
{
    [Fact]
    public async Task An_exported_trail_proves_itself_and_whatever_is_changed_taken_out_or_cut_off_is_found()
    {
        await using var chain = await Chain.StartAsync(stores: 1);
        await chain.StopHubAsync();
        await chain.StartHubAsync(); // a second chain, which goes on from the first one
        await chain.HqAsync("store", "revoke", "1", "--approver", "eve");
        var file = chain.PathOf("trail.jsonl");
        var tip = TipIn(await chain.HqAsync("audit", "export", "--out", file));
        Assert.Equal(tip, TipIn(await Cli.DoAsync("audit", "check", file, "--tip", tip)));

        await chain.HqAsync("store", "renew", "1", "--approver", "eve");
        var later = chain.PathOf("later.jsonl");
        await chain.HqAsync("audit", "export", "--out", later);
        await Cli.DoAsync("audit", "check", later, "--tip", tip);
        var (exit, said) = await Cli.RunAsync("audit", "export", "--out", later, "--hub", chain.HubAddress, "--token-file", chain.TokenFile);
        Assert.True(exit != 0, said); // nothing is written over

        var lines = await File.ReadAllLinesAsync(later);
        Assert.True(lines.Length > 3, string.Join('\n', lines));
        await AssertFoundAsync(lines[..^2], "is not there", tip);                     // the end cut off
        await AssertFoundAsync([.. lines[..1], .. lines[2..]], "does not go on", ""); // the end of the first chain taken out
        await AssertFoundAsync([.. lines[..2], .. lines[3..]], "missing", "");        // one taken out
        await AssertFoundAsync(lines[2..], "does not go on", "");                     // the first chain cut off
        await AssertFoundAsync(lines[1..], "missing", "");                            // the start cut off
        await AssertFoundAsync([.. lines[..^1], lines[^1].Replace("eve", "eva", StringComparison.Ordinal).Replace("tests", "guest", StringComparison.Ordinal)], "is not what its bytes say", "");
        await AssertFoundAsync([.. lines[..^1], lines[^1].Replace("\"hash\":\"", "\"hash\":\"00", StringComparison.Ordinal)], "hash", "");
        await AssertFoundAsync([.. lines, "{}"], "is no line of an export", "");

        async Task AssertFoundAsync(string[] changed, string what, string kept)
        {
            var path = chain.PathOf("changed.jsonl");
            await File.WriteAllLinesAsync(path, changed);
            string[] arguments = ["audit", "check", path, .. kept.Length > 0 ? new[] { "--tip", kept } : []];
            var (code, text) = await Cli.RunAsync(arguments);
            Assert.True(code == 1 && text.Contains(what, StringComparison.Ordinal), $"{what}: {code}: {text}");
        }
    }

    private static string TipIn(string said) => said[(said.LastIndexOf("newest: ", StringComparison.Ordinal) + 8)..].Trim();
}
