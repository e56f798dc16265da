using Serilog.Events;
using Serilog.Parsing;
using SyncHub.Agent.Hosting;

namespace SyncHub.Agent.Tests;

/// <summary>Nothing from outside makes a line of the log, or paints on a terminal.</summary>
public sealed class LogLinesTests
{
    [Fact]
    public void An_event_is_one_line_whatever_is_in_it()
    {
        var text = Format("someone\n2026-01-01 00:00:00 [ERR] forged\r\u001b[31m\u2028\u202Eend", null);

        Assert.Equal(1, text.Count(letter => letter == '\n'));
        Assert.EndsWith("Hello someone\\u000A2026-01-01 00:00:00 [ERR] forged\\u000D\\u001B[31m\\u2028\\u202Eend\n", text.ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }

    [Fact]
    public void Lines_of_an_exception_stand_apart()
    {
        var lines = Format("x", new InvalidOperationException("first\n2026-01-01 00:00:00 [ERR] forged\u0007")).ReplaceLineEndings("\n").TrimEnd('\n').Split('\n');

        Assert.All(lines.Skip(1), line => Assert.StartsWith("  ", line, StringComparison.Ordinal));
        Assert.Contains("\\u0007", lines[2], StringComparison.Ordinal);
    }

    private static string Format(string value, Exception? fault)
    {
        var written = new LogEvent(DateTimeOffset.UnixEpoch, LogEventLevel.Warning, fault, new MessageTemplateParser().Parse("Hello {Who}"), [new LogEventProperty("Who", new ScalarValue(value))]);
        using var output = new StringWriter();
        new LogLines().Format(written, output);
        return output.ToString();
    }
}
