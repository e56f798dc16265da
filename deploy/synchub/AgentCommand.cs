using System.CommandLine;
using SyncHub.Agent.Hosting;

namespace SyncHub.Cli;

/// <summary><c>synchub agent</c>: one store.</summary>
internal static class AgentCommand
{
    internal static readonly Option<string> Data = new("--data") { Description = "Folder of the store's database, identity and logs.", Required = true };
    internal static readonly Option<string> Hub = new("--hub") { Description = "The hub's address.", DefaultValueFactory = _ => "http://127.0.0.1:7400" };
    internal static readonly Option<string> Authority = new("--ca") { Description = "PEM file of the authority that vouches for the hub; empty = the system's.", DefaultValueFactory = _ => "" };
    internal static readonly Option<string> Code = new("--code") { Description = "The one-time code from `synchub store enrol`.", Required = true };
    private static readonly Option<int> TillPort = new("--till-port") { Description = "Port of the tills' gRPC service, on loopback; 0 = any free one.", DefaultValueFactory = _ => 7410 };
    private static readonly Option<int> JsonPort = new("--json-port") { Description = "Port of the tills' JSON service, on loopback; 0 = any free one.", DefaultValueFactory = _ => 7411 };
    private static readonly Option<int> IdleDays = new("--idle-days") { Description = "After so many days without a visit a member's rights go back to the hub.", DefaultValueFactory = _ => 60 };

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var enrol = new Command("enrol", "Gives this machine its store's identity.") { Data, Hub, Authority, Code };
        enrol.SetAction((arguments, _) => GuardAsync(() => EnrolAsync(arguments)));
        var run = new Command("run", "Runs the store's agent until it is told to stop. It sells with or without a hub.") { Data, Hub, Authority, TillPort, JsonPort, IdleDays };
        run.SetAction((arguments, cancellation) => GuardAsync(() => RunAsync(arguments, cancellation)));
        return new Command("agent", "A store: sells, tops up and takes stored value, online or offline.") { enrol, run, AgentRescueCommand.CreateReplace(), AgentRescueCommand.CreateUpload() };
    }

    private static async Task EnrolAsync(ParseResult arguments)
    {
        var directory = Path.GetFullPath(arguments.GetValue(Data)!);
        Directory.CreateDirectory(directory);
        var identity = await AgentHost.EnrolAsync(directory, arguments.GetValue(Hub)!, arguments.GetValue(Authority), arguments.GetValue(Code)!).ConfigureAwait(false);
        await Console.Out.WriteLineAsync($"This machine is store {identity.Store}, {identity.Name}. Start it: synchub agent run --data {directory} --hub {arguments.GetValue(Hub)}").ConfigureAwait(false);
    }

    private static async Task RunAsync(ParseResult arguments, CancellationToken cancellation)
    {
        var options = new AgentOptions
        {
            DataDirectory = Path.GetFullPath(arguments.GetValue(Data)!),
            HubAddress = arguments.GetValue(Hub)!,
            CaCertificateFile = arguments.GetValue(Authority)!,
            TillGrpcPort = arguments.GetValue(TillPort),
            TillJsonPort = arguments.GetValue(JsonPort),
            IdleDays = arguments.GetValue(IdleDays),
        };
        var agent = await AgentHost.StartAsync(options, cancellation: cancellation).ConfigureAwait(false);
        await using (agent.ConfigureAwait(false))
        {
            await Console.Out.WriteLineAsync($"agent: tills on port {agent.TillGrpcPort} (gRPC) and {agent.TillJsonPort} (JSON), loopback only").ConfigureAwait(false);
            await agent.WaitForShutdownAsync(cancellation).ConfigureAwait(false);
        }
    }

    internal static async Task<int> GuardAsync(Func<Task> action)
    {
        try
        {
            await action().ConfigureAwait(false);
            return ExitCode.Ok;
        }
        catch (AgentStartException fault)
        {
            await Console.Error.WriteLineAsync(fault.Message).ConfigureAwait(false);
            return fault.ExitCode;
        }
    }
}
