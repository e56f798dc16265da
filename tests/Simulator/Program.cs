using System.Diagnostics;
using System.Globalization;
using SyncHub.Simulator;

// SEEDS STEPS FAULTS SEED, as make sim hands them over.
var seeds = Number("--seeds", 200);
var steps = (int)Number("--steps", 400);
var first = Number("--seed", 1);
var faults = Text("--faults", "base");
var sets = faults == "every" ? FaultSets.All.Keys.ToArray() : faults.Split(',');
foreach (var set in sets)
{
    if (!FaultSets.All.ContainsKey(set))
    {
        Console.Error.WriteLine($"There is no fault set '{set}'. Choose from: {string.Join(", ", FaultSets.All.Keys)}, or every.");
        return 2;
    }
}

if (args.Contains("--audit"))
{
    Runner.AtEnd = AuditDump.Check;
}

if (args.Contains("--mutants"))
{
    return Mutants.Run(seeds, steps, Text("--only", ""));
}

if (Text("--off", "") is { Length: > 0 } off)
{
    Mutants.TurnOff(off);
}

if (args.Contains("--trace"))
{
    return Runner.Show(FaultSets.All[sets[0]], first, steps);
}

var failed = 0;
foreach (var set in sets)
{
    failed += Runner.Campaign(set, FaultSets.All[set], first, seeds, steps, args.Contains("--counts"));
}

return failed == 0 ? 0 : 1;

long Number(string name, long fallback) => Text(name, "") is { Length: > 0 } text ? long.Parse(text, CultureInfo.InvariantCulture) : fallback;

string Text(string name, string fallback) => Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : fallback;
