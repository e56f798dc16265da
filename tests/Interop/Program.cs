using System.CommandLine;
using SyncHub.Interop.Client;
using SyncHub.Interop.Matrix;
using SyncHub.Interop.Service;
using SyncHub.Interop.Soak;

// The flags of server and client are those that every official interoperability program has.
var port = new Option<int>("--port") { Required = true };
var age = new Option<int>("--connection_age_ms") { Description = "close connections that are older when their last call ends" };
var server = new Command("server", "Serves the cases on plaintext.") { port, age };
server.SetAction((parsed, cancellation) => InteropServer.RunUntilStoppedAsync(parsed.GetValue(port), TimeSpan.FromMilliseconds(parsed.GetValue(age)), cancellation));

var host = new Option<string>("--server_host") { DefaultValueFactory = _ => "localhost" };
var serverPort = new Option<int>("--server_port") { Required = true };
var testCase = new Option<string>("--test_case") { Required = true };
var client = new Command("client", "Runs one case against a server.") { host, serverPort, testCase };
client.SetAction(async (parsed, _) =>
{
    using var runner = new InteropClient(parsed.GetValue(host)!, parsed.GetValue(serverPort));
    await runner.RunAsync(parsed.GetValue(testCase)!);
    Console.WriteLine("passed");
});

var peers = new Option<DirectoryInfo>("--peers") { Description = "where the peers were built", Required = true };
var only = new Option<string[]>("--only") { Description = "these peers alone", AllowMultipleArgumentsPerToken = true };
var table = new Option<FileInfo>("--table") { Description = "where the table goes", Required = true };
var matrix = new Command("matrix", "Runs every case with every peer in both directions; exits 1 on a failure that counts.") { peers, only, table };
matrix.SetAction((parsed, cancellation) => MatrixRun.RunAsync(parsed.GetValue(peers)!, parsed.GetValue(only) ?? [], parsed.GetValue(table)!, cancellation));

var calls = new Option<int>("--calls") { DefaultValueFactory = _ => 100_000 };
var aborted = new Option<int>("--aborted") { DefaultValueFactory = _ => 10_000 };
var soak = new Command("soak", "Many calls and many aborted ones; exits 1 if memory or exceptions are left over.") { calls, aborted };
soak.SetAction((parsed, cancellation) => SoakRun.RunAsync(parsed.GetValue(calls), parsed.GetValue(aborted), cancellation));

return await new RootCommand("The interoperability cases of gRPC.") { server, client, matrix, soak }.Parse(args).InvokeAsync();
