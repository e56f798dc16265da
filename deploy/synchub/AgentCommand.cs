using System.CommandLine;
using SyncHub.Agent.Hosting;
using SyncHub.Storage.Files;

namespace SyncHub.Cli;

/// <summary><c>synchub agent</c>: one store.</summary>
internal static class AgentCommand
{
    internal static readonly Option<string> Data = new("--data") { Description = "Folder of the store's database, identity and logs.", Required = true };
    internal static readonly Option<string> Hub = new("--hub") { Description = "The hub's address; several hubs of one chain with commas between them. Remembered; without it those count that were given last, at first https://127.0.0.1:7400.", DefaultValueFactory = _ => "" };
    internal static readonly Option<bool> InsecureLoopback = new("--insecure-loopback") { Description = "For a hub on this machine that runs with the same option: no TLS, and a store is whoever says so." };
    internal static readonly Option<string> Code = new("--code") { Description = "The one-time code from headquarters. It also says which hub is the right one.", Required = true };
    private const string FirstHub = "https://127.0.0.1:7400";
    private static readonly Option<int> TillPort = new("--till-port") { Description = "Port of the tills' gRPC service, on loopback; 0 = any free one.", DefaultValueFactory = _ => 7410 };
    private static readonly Option<int> JsonPort = new("--json-port") { Description = "Port of the tills' JSON service, on loopback; 0 = any free one.", DefaultValueFactory = _ => 7411 };
    private static readonly Option<string> TillLan = new("--till-lan") { Description = "Address on which tills of other machines are served over TLS, once paired; empty = nowhere.", DefaultValueFactory = _ => "" };
    private static readonly Option<int> TillLanPort = new("--till-lan-port") { Description = "Port of that door, gRPC and JSON; 0 = any free one.", DefaultValueFactory = _ => 7412 };
    private static readonly Option<int> IdleDays = new("--idle-days") { Description = "After so many days without a visit a member's rights go back to the hub.", DefaultValueFactory = _ => 60 };
    private static readonly Option<int> UnfollowDays = new("--unfollow-days") { Description = "After so many days without a visit the store drops its copy of a member's data, and asks headquarters when the member comes again; 0 = never.", DefaultValueFactory = _ => new AgentOptions().UnfollowDays };
    private static readonly Option<bool> Reflection = new("--reflection") { Description = "Lets tools such as grpcurl ask the tills' port which services and messages there are." };

    private static readonly Option<int> RetainDays = new("--retain-days") { Description = "For so many days a repeated request is recognised, and an op whose day is closed is kept at hand.", DefaultValueFactory = _ => 90 };

    private static readonly Option<int> HubMessageKib = new("--hub-message-kib") { Description = "The largest message from and to the hub, KiB.", DefaultValueFactory = _ => new AgentOptions().HubMessageKib };
    private static readonly LimitFlags Limits = new(new AgentOptions().Limits);

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var enrol = new Command("enrol", "Gives this machine its store's identity.") { Data, Hub, InsecureLoopback, Code };
        enrol.SetAction((arguments, _) => GuardAsync(() => EnrolAsync(arguments)));
        var run = new Command("run", "Runs the store's agent until it is told to stop. It sells with or without a hub.") { Data, Hub, InsecureLoopback, TillPort, JsonPort, TillLan, TillLanPort, IdleDays, UnfollowDays, RetainDays, HubMessageKib, Reflection };
        Limits.AddTo(run);
        run.SetAction((arguments, cancellation) => GuardAsync(() => RunAsync(arguments, cancellation)));
        var renew = new Command("renew", "Gives this machine a new key and certificate with a code from `synchub store renew`. Its database goes on, and the agent may run.") { Data, Hub, Code };
        renew.SetAction((arguments, _) => GuardAsync(() => RenewAsync(arguments)));
        return new Command("agent", "A store: sells, tops up and takes stored value, online or offline.") { enrol, run, renew, AgentRescueCommand.CreateReplace(), AgentRescueCommand.CreateUpload(), AgentPairCommand.CreatePair(), AgentPairCommand.CreateUnpair() };
    }

    private static async Task EnrolAsync(ParseResult arguments)
    {
        var directory = Path.GetFullPath(arguments.GetValue(Data)!);
        PrivateFile.CreateFolder(directory);
        var identity = await AgentHost.EnrolAsync(OptionsOf(arguments), arguments.GetValue(Code)!).ConfigureAwait(false);
        await Console.Out.WriteLineAsync($"This machine is store {identity.Store}, {identity.Name}. Start it: synchub agent run --data {directory}").ConfigureAwait(false);
    }

    private static async Task RunAsync(ParseResult arguments, CancellationToken cancellation)
    {
        var options = OptionsOf(arguments) with
        {
            TillGrpcPort = arguments.GetValue(TillPort),
            TillJsonPort = arguments.GetValue(JsonPort),
            TillLanAddress = arguments.GetValue(TillLan)!,
            TillLanPort = arguments.GetValue(TillLanPort),
            IdleDays = arguments.GetValue(IdleDays),
            UnfollowDays = arguments.GetValue(UnfollowDays),
            RetainDays = arguments.GetValue(RetainDays),
            Reflection = arguments.GetValue(Reflection),
            HubMessageKib = arguments.GetValue(HubMessageKib),
            Limits = Limits.Of(arguments),
        };
        var agent = await AgentHost.StartAsync(options, cancellation: cancellation).ConfigureAwait(false);
        await using (agent.ConfigureAwait(false))
        {
            await Console.Out.WriteLineAsync($"agent: tills on port {agent.TillGrpcPort} (gRPC) and {agent.TillJsonPort} (JSON), loopback only{(agent.TillLanPort == 0 ? "" : $"; paired tills on {options.TillLanAddress}, port {agent.TillLanPort} (TLS)")}").ConfigureAwait(false);
            await agent.WaitForShutdownAsync(cancellation).ConfigureAwait(false);
        }
    }

    private static async Task RenewAsync(ParseResult arguments)
    {
        var identity = await AgentHost.RenewAsync(OptionsOf(arguments), arguments.GetValue(Code)!).ConfigureAwait(false);
        await Console.Out.WriteLineAsync($"This machine, store {identity.Store}, has a new key. An agent that runs uses it from its next connection on; restart it if the hub's authority is new.").ConfigureAwait(false);
    }

    /// <summary>The folder and the hub.</summary>
    internal static AgentOptions OptionsOf(ParseResult arguments)
    {
        var directory = Path.GetFullPath(arguments.GetValue(Data)!);
        return new AgentOptions
        {
            DataDirectory = directory,
            HubAddress = arguments.GetValue(Hub) is { Length: > 0 } given ? given : StoreIdentity.HubsIn(directory) is { Length: > 0 } remembered ? remembered : FirstHub,
            InsecureLoopback = arguments.GetValue(InsecureLoopback),
        };
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
