using System.Text;

namespace SyncHub.Cli;

/// <summary>A password from the keyboard, unseen, or a line of standard input. Never an option: those lie in shell histories and process lists.</summary>
internal static class SecretInput
{
    /// <summary>Asks for one.</summary>
    /// <exception cref="IOException">There was none.</exception>
    public static async Task<string> ReadAsync(string question)
    {
        if (Console.IsInputRedirected)
        {
            return await Console.In.ReadLineAsync().ConfigureAwait(false) is { Length: > 0 } line ? line : throw new IOException($"{question}: give it as a line of standard input.");
        }

        await Console.Error.WriteAsync(question + ": ").ConfigureAwait(false);
        var typed = new StringBuilder();
        for (var key = Console.ReadKey(intercept: true); key.Key != ConsoleKey.Enter; key = Console.ReadKey(intercept: true))
        {
            if (key.Key == ConsoleKey.Backspace)
            {
                typed.Length = Math.Max(0, typed.Length - 1);
            }
            else if (key.KeyChar != '\0')
            {
                typed.Append(key.KeyChar);
            }
        }

        await Console.Error.WriteLineAsync().ConfigureAwait(false);
        return typed.Length > 0 ? typed.ToString() : throw new IOException($"{question}: nothing was typed.");
    }
}
