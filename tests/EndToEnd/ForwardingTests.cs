using System.Net;
using System.Net.Http.Headers;
using Grpc.Core;
using Grpc.Standard;
using SyncHub.Hub.Certificates;
using SyncHub.Protos.Trust;
using SyncHub.Storage.Tests.Postgres;
using SyncHub.V1;
using Xunit;
using Xunit.Abstractions;

namespace SyncHub.EndToEnd.Tests;

/// <summary>A hub that stands by forwards to the one that leads: two real hubs on one real PostgreSQL, stores and shells that do not reach the one that leads.</summary>
public sealed class ForwardingTests(PostgresInstance instance, ITestOutputHelper output) : IClassFixture<PostgresInstance>
{
    private const string Nowhere = "https://127.0.0.1:1";
    private static readonly Marshaller<byte[]> Verbatim = Marshallers.Create(static bytes => bytes, static bytes => bytes);

    private string NewStorage() => $"{instance.ConnectionString};Search Path=forward_{Guid.NewGuid():N}";

    [Fact]
    public async Task Stores_that_know_one_hub_alone_are_served_through_it_and_by_it_whoever_leads()
    {
        await using var chain = await ProcessChain.StartAsync(NewStorage(), static chain => chain.HubAddress(2)); // enrolled through it, too
        await chain.SellAsync(100);
        await chain.DrainedAsync();
        Assert.Equal(("leader", "standby"), (chain.RoleOf(1), chain.RoleOf(2)));
        await chain.AllAtAsync(1);

        chain.Hubs[1].Kill(); // the streams that went on to it end, and come back when somebody leads
        await chain.SellAsync(20);
        await chain.LeadsAsync(2);
        await chain.AllAtAsync(2);
        await chain.SellAsync(50);
        await chain.StartHubAsync(1);

        await chain.SignalAsync(2, "TERM");
        await chain.Hubs[2].WaitForExitAsync();
        await chain.LeadsAsync(1);
        await chain.StartHubAsync(2);
        Assert.Equal(("leader", "standby"), (chain.RoleOf(1), chain.RoleOf(2)));
        await chain.AllAtAsync(1);
        await chain.SellAsync(50);
        output.WriteLine($"{(await chain.EndAsync()).OpsApplied} ops applied");
    }

    [Fact]
    public async Task A_store_that_does_not_reach_the_one_that_leads_goes_through_another_one_and_a_shell_too()
    {
        await using var chain = await ProcessChain.StartAsync(NewStorage(), static chain => $"{Nowhere},{chain.HubAddress(2)}");
        await chain.SellAsync(50);
        await chain.DrainedAsync();
        await chain.AllAtAsync(1);
        foreach (var hubs in (string[])[chain.HubAddress(2), $"{Nowhere},{chain.HubAddress(2)}"])
        {
            Assert.Contains("online", await Cli.DoAsync("store", "list", "--hub", hubs, "--token-file", Path.Combine(chain.HubFolder(1), "admin.token")), StringComparison.Ordinal);
        }

        // Tills keep asking while the leader changes twice under them.
        await chain.SignalAsync(1, "TERM");
        await chain.LeadsAsync(2);
        await chain.SellAsync(50);
        await chain.EndAsync();
    }

    [Fact]
    public async Task What_the_one_that_leads_answers_is_the_same_through_another_one()
    {
        await using var chain = await ProcessChain.StartAsync(NewStorage());
        var token = "Bearer " + await File.ReadAllTextAsync(Path.Combine(chain.HubFolder(1), "admin.token"));
        var signedIn = new Metadata { { "authorization", token } };
        var said = new List<string>();
        foreach (var hub in (int[])[1, 2])
        {
            using var channel = Trust.Channel(chain.HubAddress(hub), chain.HubFolder(hub));
            var stores = new V1.Stores.StoresClient(channel);
            List<string> answers =
            [
                await ToldAsync(stores.ListStoresAsync(new ListStoresRequest())),
                await ToldAsync(stores.ListStoresAsync(new ListStoresRequest(), new Metadata { { "authorization", "Bearer of nothing" } })),
                await ToldAsync(stores.RevokeCertificateAsync(new RevokeCertificateRequest { Store = 99 }, signedIn)),
                await ToldAsync(new V1.Members.MembersClient(channel).GetMemberAsync(new GetMemberRequest { MemberId = "none" }, signedIn)),
                await ToldAsync(stores.CreateStoreAsync(new CreateStoreRequest { Name = new string('x', 5 * 1024 * 1024) }, signedIn)),
                await ToldAsync(stores.ListStoresAsync(new ListStoresRequest(), signedIn, deadline: DateTime.UtcNow.AddMinutes(-1))),
                await ToldAsync(channel.CreateCallInvoker().AsyncUnaryCall(new Method<byte[], byte[]>(MethodType.Unary, "synchub.v1.Stores", "Nothing", Verbatim, Verbatim), null, new CallOptions(signedIn), [])),
                await ToldAsync(new V1.Sync.SyncClient(channel).Link(deadline: DateTime.UtcNow.AddSeconds(10))), // nothing is sent, and the refusal comes all the same
                await JsonAsync(chain, hub, HttpMethod.Get, "/api/stores", null),
                await JsonAsync(chain, hub, HttpMethod.Post, "/api/stores", token, "{ not json"),
                await JsonAsync(chain, hub, HttpMethod.Get, "/api/nothing", token),
            ];
            said.Add(string.Join('\n', answers));
        }

        output.WriteLine(said[0]);
        Assert.Equal(said[0], said[1]);
        Assert.StartsWith("503", await JsonAsync(chain, 2, HttpMethod.Get, "/healthz", null), StringComparison.Ordinal); // that asks for this hub itself
        Assert.StartsWith("200", await JsonAsync(chain, 2, HttpMethod.Get, "/api/stores", token), StringComparison.Ordinal);

        // Once, and no more than once: a call that a hub forwarded already is refused.
        using var again = Trust.Channel(chain.HubAddress(2), chain.HubFolder(2));
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await new V1.Stores.StoresClient(again).ListStoresAsync(new ListStoresRequest(), new Metadata { { "authorization", token }, { "synchub-forwarded-bin", [] } }));
        Assert.Equal(StandbyReasons.StandingBy, RpcFault.ReasonOf(refused));
    }

    private static async Task<string> ToldAsync<T>(AsyncUnaryCall<T> call)
    {
        try
        {
            return (await call.ResponseAsync)!.ToString()!;
        }
        catch (RpcException fault)
        {
            return $"{fault.StatusCode} {fault.Status.Detail} {RpcFault.ReasonOf(fault)}";
        }
    }

    private static async Task<string> ToldAsync(AsyncDuplexStreamingCall<AgentFrame, HubFrame> call)
    {
        try
        {
            return (await call.ResponseStream.MoveNext(CancellationToken.None)).ToString();
        }
        catch (RpcException fault)
        {
            return $"{fault.StatusCode} {fault.Status.Detail} {RpcFault.ReasonOf(fault)}";
        }
    }

    private static async Task<string> JsonAsync(ProcessChain chain, int hub, HttpMethod method, string path, string? token, string? body = null)
    {
        using var client = new HttpClient(HubTrust.FromFile(HubSetup.AuthorityFile(chain.HubFolder(hub))).CreateHandler());
        using var request = new HttpRequestMessage(method, chain.JsonAddress(hub) + path);
        request.Headers.Authorization = token is null ? null : AuthenticationHeaderValue.Parse(token);
        request.Content = body is null ? null : new StringContent(body, MediaTypeHeaderValue.Parse("application/json"));
        using var answer = await client.SendAsync(request);
        return $"{(int)answer.StatusCode} {answer.Content.Headers.ContentType} {await answer.Content.ReadAsStringAsync()}";
    }
}
