using System.Globalization;

namespace SyncHub.GrpcBench.Measure;

/// <summary>What one run measures, for how long, and where the result goes.</summary>
/// <param name="Cpp">The official C++ program; null leaves it out.</param>
/// <param name="Seconds">How long one measurement takes.</param>
/// <param name="Rounds">How often each is repeated; the medians count.</param>
/// <param name="Only">The works to measure; empty for all.</param>
/// <param name="Output">The folder for grpc.json and grpc.md.</param>
internal sealed record BenchOptions(string? Cpp, double Seconds, int Rounds, IReadOnlyList<string> Only, string Output)
{
    /// <summary>Reads the command line; false where it makes no sense.</summary>
    public static bool TryParse(string[] words, out BenchOptions options)
    {
        options = new BenchOptions(Cpp: null, Seconds: 1.5, Rounds: 5, [], "artifacts/bench");
        for (var at = 0; at + 1 < words.Length; at += 2)
        {
            var value = words[at + 1];
            switch (words[at])
            {
                case "--cpp":
                    options = options with { Cpp = value };
                    break;
                case "--seconds" when double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds) && seconds > 0:
                    options = options with { Seconds = seconds };
                    break;
                case "--rounds" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var rounds) && rounds > 0:
                    options = options with { Rounds = rounds };
                    break;
                case "--only":
                    options = options with { Only = value.Split(',') };
                    break;
                case "--output":
                    options = options with { Output = value };
                    break;
                default:
                    return false;
            }
        }

        return words.Length % 2 == 0;
    }
}
