using Xunit;

namespace SyncHub.EndToEnd.Tests;

/// <summary>Every command that deploy/RUNBOOK.md and docs/operations.md tell people to type is one that the program takes. What they do, the drills of <see cref="RescueTests"/> show.</summary>
public sealed class RunbookTests
{
    private static readonly string[] WrongUsage = ["Unrecognized command", "is required", "was not matched", "Required argument missing", "Required command was not provided", "Cannot parse argument"];

    private static readonly string[] Documents = ["deploy/RUNBOOK.md", "docs/operations.md"];

    public static TheoryData<string> Commands => [.. Found()];

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Each_command_of_the_runbook_is_one_that_the_program_takes(string command)
    {
        var folder = Directory.CreateTempSubdirectory("runbook");
        var arguments = WordsOf(command).Select(word => word
            .Replace("/var/lib", folder.FullName, StringComparison.Ordinal)
            .Replace("/mnt", folder.FullName, StringComparison.Ordinal)
            .Replace("https://hub.example:7400", "http://127.0.0.1:1", StringComparison.Ordinal)).Skip(1).ToList();
        if (arguments[0] is "store" or "case" && !arguments.Contains("--hub"))
        {
            arguments.AddRange(["--hub", "http://127.0.0.1:1", "--token-file", Path.Combine(folder.FullName, "admin.token")]); // "left out below"
        }

        var (_, said) = await Cli.RunAsync([.. arguments]);

        Assert.DoesNotContain(WrongUsage, wrong => said.Contains(wrong, StringComparison.Ordinal));
        folder.Delete(recursive: true);
    }

    [Fact]
    public void There_are_commands_to_check() => Assert.True(Found().Length > 12, string.Join(Environment.NewLine, Found()));

    private static string[] Found() => [.. Documents.SelectMany(CommandsIn).Distinct(StringComparer.Ordinal)];

    // Lines of code blocks, and code in the text that names an option. Not those that run for ever, nor forms with dots and brackets.
    private static IEnumerable<string> CommandsIn(string document) =>
        File.ReadLines(Path.Combine(Root(), document))
            .SelectMany(line => line.StartsWith("synchub ", StringComparison.Ordinal) ? [line.Split('#')[0]] : line.Split('`').Where((_, index) => index % 2 == 1))
            .Select(code => code.Trim())
            .Where(code => code.StartsWith("synchub ", StringComparison.Ordinal) && code.Contains("--", StringComparison.Ordinal))
            .Where(code => !code.Contains(" run ", StringComparison.Ordinal) && !code.Contains("..", StringComparison.Ordinal) && !code.Contains('[', StringComparison.Ordinal));

    // Words between blanks; what stands in quotes is one.
    private static IEnumerable<string> WordsOf(string command) =>
        command.Split('"').SelectMany((part, index) => index % 2 == 1 ? [part] : part.Split(' ', StringSplitOptions.RemoveEmptyEntries));

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
