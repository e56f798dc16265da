using System.Globalization;
using Microsoft.Extensions.Logging;
using SyncHub.Agent.Hosting;
using SyncHub.Faults.KillTarget;
using SyncHub.Hub;

// A hub or an agent as it is shipped, in a process that ends itself at one of its writes.
// Arguments: as `synchub hub run` and `synchub agent run` take them, of which the data folder, the hub and the ports are heeded.
// Orders, one a line, on the input or beforehand in SYNCHUB_KILL: "before 3" or "after 3" counts writes from now on and dies at the third.
// When the input ends, so does the process: a test that died leaves nobody behind.
var trigger = new Trigger(Environment.GetEnvironmentVariable("SYNCHUB_KILL") ?? "");
using var asked = new CancellationTokenSource();
_ = Task.Run(async () =>
{
    while (await Console.In.ReadLineAsync() is { } order)
    {
        trigger.Order(order);
    }

    await asked.CancelAsync();
});
try
{
    await (args[0] == "hub" ? RunHubAsync() : RunAgentAsync());
}
catch (OperationCanceledException) when (asked.IsCancellationRequested)
{
    // Told to end.
}

async Task RunHubAsync()
{
    var options = new HubOptions { DataDirectory = Option("--data"), GrpcPort = Port("--port"), HttpPort = Port("--http-port"), InsecureLoopback = true, OnePersonIsEnough = true, Storage = Storage(), StandsBy = true, AroundJournal = journal => new KillingJournal(journal, trigger) };
    await using var hub = await HubHost.StartAsync(options, logging => logging.AddConsole().SetMinimumLevel(LogLevel.Warning), asked.Token);
    await hub.Failed.WaitAsync(asked.Token);
}

async Task RunAgentAsync()
{
    var options = new AgentOptions
    {
        DataDirectory = Option("--data"),
        HubAddress = Option("--hub"),
        InsecureLoopback = true,
        TillGrpcPort = Port("--till-port"),
        TillJsonPort = Port("--json-port"),
        AroundJournal = journal => new KillingJournal(journal, trigger),
        AroundGuard = guard => new KillingGuard(guard, trigger),
    };
    await using var agent = await AgentHost.StartAsync(options, cancellation: asked.Token);
    await agent.WaitForShutdownAsync(asked.Token);
}

// A file, because arguments show in the process list.
string Storage() => Array.IndexOf(args, "--storage") < 0 ? "" : File.ReadAllText(Option("--storage")["file:".Length..]);

int Port(string name) => int.Parse(Option(name), CultureInfo.InvariantCulture);

string Option(string name) => args[Array.IndexOf(args, name) + 1];
