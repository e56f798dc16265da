using System.Text.RegularExpressions;
using Xunit;

namespace SyncHub.EndToEnd.Tests;

/// <summary>The tables of attacks in SECURITY.md are evidence only as long as each row names a test that there is.</summary>
public sealed partial class SecurityTableTests
{
    // The attacks that a hub like this one has to name: each by words that stand in the first cell of a row with a test.
    private static readonly string[] Attacks =
    [
        "certificate of another authority", "certificate that has ended", "revoked or replaced certificate", "another store's certificate", "stream or batch sent again", "replayed op under a new sequence",
        "ops changed on the way", "forged grant", "a code used again", "codes guessed", "role escalation", "SQL, path", "oversized input", "log", "telling by the time of an answer", "database stolen",
    ];

    [Fact]
    public void Every_attack_has_a_row_and_every_row_tests_that_there_are()
    {
        var tests = TestsOfTheTree();
        var rows = Rows();
        Assert.True(rows.Count > 40, $"{rows.Count} rows");
        foreach (var (attack, evidence) in rows)
        {
            var named = Code().Matches(evidence).Select(match => match.Groups["code"].Value).Where(name => !name.StartsWith("make ", StringComparison.Ordinal)).ToArray();
            Assert.True(named.Length > 0 || attack.StartsWith("the thief of a whole machine", StringComparison.Ordinal), $"'{attack}' names no test."); // that one is bounded, not met
            Assert.All(named, name => Assert.True(tests.Contains(name) || tests.Any(test => test.EndsWith("." + name, StringComparison.Ordinal)), $"'{attack}': there is no test {name}."));
        }
    }

    // grpc/README.md says clause by clause which test covers it: `Class`, `Class.Method`, or the beginning of names, with a star.
    [Fact]
    public void Every_test_that_the_clauses_of_gRPC_name_is_there()
    {
        var tests = TestsOfTheTree();
        var named = File.ReadLines(Path.Combine(Root(), "grpc", "README.md")).SelectMany(line => Code().Matches(line)).Select(match => match.Groups["code"].Value).Where(code => Named().IsMatch(code)).Select(code => code.Split('/')[^1]).ToArray();
        Assert.True(named.Length > 30, $"{named.Length} names");
        Assert.All(named, name => Assert.True(name.EndsWith('*') ? tests.Any(test => test.StartsWith(name.TrimEnd('*'), StringComparison.Ordinal)) : tests.Contains(name), $"There is no test {name}."));
    }

    [Fact]
    public void No_attack_of_the_list_is_missing()
    {
        var rows = Rows();
        Assert.All(Attacks, attack => Assert.Contains(rows, row => row.Attack.Contains(attack, StringComparison.Ordinal)));
    }

    private static List<(string Attack, string Evidence)> Rows() =>
        [.. File.ReadLines(Path.Combine(Root(), "SECURITY.md")).SkipWhile(line => line != "## Attacks on doors and machines").TakeWhile(line => line != "## Not covered")
            .Where(line => line.StartsWith("| ", StringComparison.Ordinal) && !line.StartsWith("| attack |", StringComparison.Ordinal))
            .Select(line => line.Split('|')).Select(cells => (cells[1].Trim(), cells[3]))];

    // Classes, and methods with their class: "DoorTests" and "DoorTests.A_store_cannot_speak_for_another_one".
    private static HashSet<string> TestsOfTheTree()
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Root(), "tests"), "*Tests.cs", SearchOption.AllDirectories))
        {
            var name = Path.GetFileNameWithoutExtension(file);
            found.Add(name);
            var text = File.ReadAllText(file);
            foreach (Match method in Method().Matches(text))
            {
                found.Add(name + "." + method.Groups["name"].Value);
            }
        }

        return found;
    }

    [GeneratedRegex(@"^(tests/EndToEnd/)?\w+Tests(\.\w+\*?)?$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5_000)]
    private static partial Regex Named();

    [GeneratedRegex("`(?<code>[^`]+)`", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5_000)]
    private static partial Regex Code();

    [GeneratedRegex(@"\[(Fact|Theory)[^\]]*\](\s*(\[[^\n]*\]|//[^\n]*))*\s*public (async Task|Task|void) (?<name>\w+)\(", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5_000)]
    private static partial Regex Method();

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "SyncHub.sln")))
        {
            folder = folder.Parent!;
        }

        return folder.FullName;
    }
}
