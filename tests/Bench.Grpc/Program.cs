using System.Globalization;
using SyncHub.GrpcBench.Load;
using SyncHub.GrpcBench.Measure;
using SyncHub.GrpcBench.Serve;

// make bench-grpc. Exit code 0: everything ran, whatever the figures say; 1: something failed; 2: asked wrongly.
switch (args)
{
    case ["serve", var port]:
        await BenchServer.RunAsync(int.Parse(port, CultureInfo.InvariantCulture));
        return 0;
    case ["load", var address]:
        await Loader.RunAsync(address);
        return 0;
    case ["run", .. var options] when BenchOptions.TryParse(options, out var parsed):
        if (parsed.Cpp is { } cpp && !File.Exists(cpp))
        {
            await Console.Error.WriteLineAsync($"There is no program {cpp}. `make bench-grpc` builds it; without --cpp it is left out.");
            return 2;
        }

        return await BenchRun.RunAsync(parsed);
    default:
        await Console.Error.WriteLineAsync("usage: run [--cpp PROGRAM] [--seconds N] [--rounds N] [--only ROW,ROW] [--output FOLDER] | serve PORT | load HOST:PORT");
        return 2;
}
