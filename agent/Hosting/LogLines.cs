using System.Globalization;
using System.Text;
using Serilog.Events;
using Serilog.Formatting;
using Serilog.Formatting.Display;

namespace SyncHub.Agent.Hosting;

/// <summary>Writes an event of the log as one line, whatever is in it: no text that came from outside can make a line of its own, or paint on a terminal.</summary>
/// <remarks>Control characters stand as <c>\u000A</c>. Only an exception has more lines, and those begin with two spaces.</remarks>
public sealed class LogLines : ITextFormatter
{
    private static readonly MessageTemplateTextFormatter Line = new("{Timestamp:yyyy-MM-dd HH:mm:ss.fff zzz} [{Level:u3}] {Message:lj}", CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public void Format(LogEvent logEvent, TextWriter output)
    {
        ArgumentNullException.ThrowIfNull(logEvent);
        ArgumentNullException.ThrowIfNull(output);
        using var line = new StringWriter(CultureInfo.InvariantCulture);
        Line.Format(logEvent, line);
        output.WriteLine(Plain(line.ToString()));
        foreach (var part in logEvent.Exception?.ToString().Split('\n') ?? [])
        {
            output.WriteLine("  " + Plain(part.TrimEnd('\r')));
        }
    }

    private static string Plain(string text)
    {
        StringBuilder? plain = null;
        for (var i = 0; i < text.Length; i++)
        {
            var isPlain = !char.IsControl(text[i]) && text[i] is not (>= '\u2028' and <= '\u202E') and not (>= '\u2066' and <= '\u2069');
            if (!isPlain)
            {
                plain ??= new StringBuilder(text, 0, i, text.Length + 16);
                plain.Append(CultureInfo.InvariantCulture, $"\\u{(int)text[i]:X4}");
            }
            else
            {
                plain?.Append(text[i]);
            }
        }

        return plain?.ToString() ?? text;
    }
}
