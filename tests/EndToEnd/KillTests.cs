using System.Diagnostics;
using System.Text.Json;
using Grpc.Core;
using Grpc.Net.Client;
using SyncHub.Hub.Users;
using SyncHub.V1;
using SyncHub.Verify;
using Xunit;
using Xunit.Abstractions;

namespace SyncHub.EndToEnd.Tests;

/// <summary>Real processes, killed with SIGKILL while tills pay, started again, and audited.</summary>
public sealed class KillTests(ITestOutputHelper output) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kill").FullName;
    private readonly List<Process> _children = [];

    [Fact]
    public async Task Killing_the_hub_and_an_agent_in_mid_flight_loses_nothing_and_repeats_nothing()
    {
        await Cli.DoAsync("hub", "init", "--data", Path.Combine(_folder, "hub"));
        Seeds.AddTokenTo(Path.Combine(_folder, "hub"), "tests", Role.Admin, Path.Combine(_folder, "hub", "admin.token"));
        var hub = await StartAsync("hub", "hub.ready.json", ["hub", "run", "--port", "0", "--http-port", "0"]);
        var hubAddress = $"https://127.0.0.1:{hub.Ready.GetProperty("grpc").GetInt32()}";
        var first = await EnrolAsync(hubAddress, "a1");
        var second = await EnrolAsync(hubAddress, "a2");
        var receipts = new List<(string Request, long Amount)>();
        var stop = new CancellationTokenSource();
        var till = Task.Run(() => PayAsync(() => first.Port, "a1", receipts, stop.Token));
        var other = Task.Run(() => PayAsync(() => second.Port, "a2", receipts, stop.Token));

        await Until.TrueAsync(() => Task.FromResult(Count(receipts) > 100), "100 receipts");
        Kill(first.Process);
        first = await StartAgentAsync(hubAddress, "a1");
        await Until.TrueAsync(() => Task.FromResult(Count(receipts) > 200), "200 receipts");
        Kill(hub.Process);
        await Until.TrueAsync(() => Task.FromResult(Count(receipts) > 300), "300 receipts, with the hub dead");
        hub = await StartAsync("hub", "hub.ready.json", ["hub", "run", "--port", new Uri(hubAddress).Port.ToString(System.Globalization.CultureInfo.InvariantCulture), "--http-port", "0"]);
        await Until.TrueAsync(() => Task.FromResult(Count(receipts) > 400), "400 receipts");
        await stop.CancelAsync();
        await till;
        await other;

        foreach (var port in new[] { first.Port, second.Port })
        {
            using var channel = GrpcChannel.ForAddress($"http://127.0.0.1:{port}");
            var client = new Till.TillClient(channel);
            await Until.TrueAsync(async () => (await client.StatusAsync(new StatusRequest())) is { Online: true, BacklogOps: 0 }, "drained");
        }

        foreach (var child in new[] { first.Process, second.Process, hub.Process })
        {
            Kill(child); // even the end is a crash: what was acknowledged must be on the disk
        }

        var report = Audit.Run(Path.Combine(_folder, "hub"), [Path.Combine(_folder, "a1"), Path.Combine(_folder, "a2")], new AuditOptions());
        Assert.True(report.IsClean(converged: false), string.Join(Environment.NewLine, report.Findings));
        Assert.Equal(receipts.Count, receipts.Select(receipt => receipt.Request).Distinct(StringComparer.Ordinal).Count());
        output.WriteLine($"{receipts.Count} receipts, {report.OpsApplied} ops applied");
        Assert.Equal(0, report.OpsLost);
        Assert.Equal(0, report.OpsDuplicated);
        // Each member was topped up once with 10,000.00 and its bonus; every receipt took 1.00.
        var paid = receipts.Sum(receipt => receipt.Amount);
        Assert.Equal(2 * (1_000_000 + 15_000) - paid, (long)report.Wallets.Values.Aggregate(Int128.Zero, (sum, wallet) => sum + wallet.MoneyMinor));
    }

    public void Dispose()
    {
        foreach (var child in _children)
        {
            Kill(child);
            child.Dispose();
        }

        Directory.Delete(_folder, recursive: true);
    }

    // One till: registers, tops up once, then sells 1.00 after another; a call that got no answer is made again under the same id.
    private static async Task PayAsync(Func<int> port, string name, List<(string, long)> receipts, CancellationToken stop)
    {
        var member = await RetryAsync(port, till => till.RegisterAsync(new RegisterRequest { RequestId = name + "-r", Name = name, Card = name }).ResponseAsync, answer => answer.Member.MemberId);
        await RetryAsync(port, till => till.TopUpAsync(new TopUpRequest { RequestId = name + "-t", MemberId = member, AmountMinor = 1_000_000 }).ResponseAsync, answer => answer.Receipt);
        for (var i = 0; !stop.IsCancellationRequested; i++)
        {
            var request = $"{name}-{i}";
            var receipt = await RetryAsync(port, till => till.SellAsync(new SaleRequest { RequestId = request, MemberId = member, BillMinor = 100 }).ResponseAsync, answer => answer.Receipt ?? throw new InvalidOperationException(answer.Rejection.Message));
            lock (receipts)
            {
                receipts.Add((request, receipt.PaidBonusMinor + receipt.PaidPrincipalMinor));
            }
        }
    }

    private static async Task<TResult> RetryAsync<TAnswer, TResult>(Func<int> port, Func<Till.TillClient, Task<TAnswer>> call, Func<TAnswer, TResult> result)
    {
        TResult? taken = default;
        await Until.TrueAsync(async () =>
        {
            try
            {
                using var channel = GrpcChannel.ForAddress($"http://127.0.0.1:{port()}");
                taken = result(await call(new Till.TillClient(channel)));
                return true;
            }
            catch (RpcException fault) when (fault.StatusCode is StatusCode.Unavailable or StatusCode.Internal or StatusCode.Cancelled or StatusCode.Unknown)
            {
                return false; // killed in mid-flight: whether the op was logged is found out by asking again
            }
        }, "an answer of the till");
        return taken!;
    }

    private static int Count(List<(string, long)> receipts)
    {
        lock (receipts)
        {
            return receipts.Count;
        }
    }

    private async Task<(Process Process, int Port)> EnrolAsync(string hubAddress, string name)
    {
        var token = await File.ReadAllTextAsync(Path.Combine(_folder, "hub", "admin.token"));
        using var channel = Trust.Channel(hubAddress, Path.Combine(_folder, "hub"));
        var made = await new V1.Stores.StoresClient(channel).CreateStoreAsync(new CreateStoreRequest(), new Metadata { { "authorization", "Bearer " + token } });
        using var enrol = Spawn(name, ["agent", "enrol", "--hub", hubAddress, "--code", made.EnrolmentCode]);
        await enrol.WaitForExitAsync();
        Assert.Equal(0, enrol.ExitCode);
        return await StartAgentAsync(hubAddress, name);
    }

    private async Task<(Process Process, int Port)> StartAgentAsync(string hubAddress, string name)
    {
        var started = await StartAsync(name, "agent.ready.json", ["agent", "run", "--hub", hubAddress, "--till-port", "0", "--json-port", "0"]);
        return (started.Process, started.Ready.GetProperty("tillGrpc").GetInt32());
    }

    private async Task<(Process Process, JsonElement Ready)> StartAsync(string name, string readyFile, string[] arguments)
    {
        var ready = Path.Combine(_folder, name, readyFile);
        Directory.CreateDirectory(Path.Combine(_folder, name));
        File.Delete(ready);
        var process = Spawn(name, arguments);
        await Until.TrueAsync(() => process.HasExited ? throw new InvalidOperationException($"{name} ended with {process.ExitCode}") : Task.FromResult(File.Exists(ready)), $"{name} is ready");
        return (process, JsonDocument.Parse(await File.ReadAllTextAsync(ready)).RootElement.Clone());
    }

    private Process Spawn(string name, string[] arguments)
    {
        // The test's own folder holds the program, because the test project references it.
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "synchub.exe" : "synchub"))
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        foreach (var argument in arguments.Append("--data").Append(Path.Combine(_folder, name)))
        {
            start.ArgumentList.Add(argument);
        }

        var process = Process.Start(start)!;
        process.OutputDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        _children.Add(process);
        return process;
    }

    private static void Kill(Process process)
    {
        try
        {
            process.Kill();
            process.WaitForExit();
        }
        catch (InvalidOperationException)
        {
            // It has ended, or is disposed of: there is nothing left to kill.
        }
    }
}
