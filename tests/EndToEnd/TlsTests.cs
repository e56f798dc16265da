using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging.Abstractions;
using SyncHub.Agent.Hosting;
using SyncHub.Hub;
using SyncHub.Hub.Certificates;
using SyncHub.Hub.Users;
using SyncHub.Storage.Files;
using SyncHub.V1;
using Xunit;

namespace SyncHub.EndToEnd.Tests;

/// <summary>A store's way to its hub: enrolled by a code that names the right hub, let in by its certificate, renewed, shut out.</summary>
public sealed class TlsTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tls").FullName;
    private HubHost _hub = null!;

    private string HubFolder => Path.Combine(_folder, "hub");

    private string Address => $"https://127.0.0.1:{_hub.GrpcPort}";

    private Metadata Admin => new() { { "authorization", "Bearer " + File.ReadAllText(Path.Combine(HubFolder, "admin.token")) } };

    public async Task InitializeAsync() => _hub = await StartHubAsync("hub");

    public async Task DisposeAsync()
    {
        await _hub.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_code_is_not_sent_to_a_hub_that_is_not_its_own()
    {
        await using var stranger = await StartHubAsync("stranger");
        var code = await CodeAsync();
        var options = Store("store") with { HubAddress = $"https://127.0.0.1:{stranger.GrpcPort}" };

        var refused = await Assert.ThrowsAsync<AgentStartException>(() => AgentHost.EnrolAsync(options, code));
        Assert.Contains("The code was not sent", refused.Message, StringComparison.Ordinal);
        Assert.False(StoreIdentity.ExistsIn(options.DataDirectory));

        await AgentHost.EnrolAsync(options with { HubAddress = Address }, code); // unused, so it still works
        await using var agent = await StartAsync(options with { HubAddress = Address });
        await OnlineAsync(agent);
    }

    [Fact]
    public async Task A_store_does_not_speak_to_another_hub_at_its_hubs_address()
    {
        await using var stranger = await StartHubAsync("stranger");
        var options = Store("store");
        await AgentHost.EnrolAsync(options, await CodeAsync());

        var log = new CollectedLog();
        await using var agent = await AgentHost.StartAsync(options with { HubAddress = $"https://127.0.0.1:{stranger.GrpcPort}" }, log);
        await Until.TrueAsync(() => Task.FromResult(log.Has("not one of this chain's authority")), "the agent says why it does not trust the hub");
        Assert.False(agent.IsOnline);
    }

    [Fact]
    public async Task The_key_lies_beside_the_folder_and_an_agent_does_not_start_when_others_can_read_it()
    {
        var options = Store("store");
        await AgentHost.EnrolAsync(options, await CodeAsync());
        var key = options.DataDirectory + ".machine";
        Assert.DoesNotContain(Directory.GetFiles(options.DataDirectory), path => File.ReadAllText(path).Contains("PRIVATE", StringComparison.Ordinal));
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(key));
        File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.GroupRead);
        var refused = await Assert.ThrowsAsync<AgentStartException>(() => StartAsync(options));
        Assert.Contains("chmod 600", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_is_renewed_with_a_new_key_before_its_end_and_the_old_key_is_taken_no_more()
    {
        await _hub.DisposeAsync();
        Directory.Delete(HubFolder, recursive: true);
        HubSetup.Init(HubFolder, [], TimeProvider.System.GetUtcNow().AddDays(-100));
        _hub = await StartHubAsync("hub");
        var options = Store("store");
        await AgentHost.EnrolAsync(options, await CodeAsync());
        await EndAsync(options.DataDirectory + ".machine", TimeProvider.System.GetUtcNow().AddDays(10)); // it is time, and nobody has to hurry
        var first = await File.ReadAllTextAsync(options.DataDirectory + ".machine");
        await using (var agent = await StartAsync(options))
        {
            await OnlineAsync(agent);
            await Until.TrueAsync(async () => await File.ReadAllTextAsync(options.DataDirectory + ".machine") != first, "a new key");
            await OnlineAsync(agent);
        }

        await using (var again = await StartAsync(options))
        {
            await OnlineAsync(again);
        }

        await File.WriteAllTextAsync(options.DataDirectory + ".machine", first);
        var log = new CollectedLog();
        await using var old = await AgentHost.StartAsync(options, log);
        await Until.TrueAsync(() => Task.FromResult(log.Has("Another key took the place of this one")), "the old key is refused");
    }

    [Fact]
    public async Task A_store_that_was_revoked_is_cut_off_at_once_and_goes_on_with_a_new_key_and_its_log()
    {
        var options = Store("store");
        await AgentHost.EnrolAsync(options, await CodeAsync());
        var log = new CollectedLog();
        await using var agent = await AgentHost.StartAsync(options, log);
        await OnlineAsync(agent);
        using var till = GrpcChannel.ForAddress($"http://127.0.0.1:{agent.TillGrpcPort}");
        var sales = new Till.TillClient(till);
        await sales.RegisterAsync(new RegisterRequest { RequestId = "1", Name = "Ann", Card = "c" });

        using var hq = Trust.Channel(Address, HubFolder);
        var stores = new V1.Stores.StoresClient(hq);
        var state = await stores.RevokeCertificateAsync(new RevokeCertificateRequest { Store = 1, Approver = "Eve" }, Admin);
        Assert.Equal((false, CertificateState.Revoked), (state.Online, state.Certificate));
        await Until.TrueAsync(() => Task.FromResult(log.Has("The certificate was revoked")), "the agent says that it is shut out");
        await sales.RegisterAsync(new RegisterRequest { RequestId = "2", Name = "Bob", Card = "d" });

        var renewed = await stores.RenewCertificateAsync(new RenewCertificateRequest { Store = 1, Approver = "Eve" }, Admin);
        var misused = await Assert.ThrowsAsync<AgentStartException>(() => AgentHost.EnrolAsync(Store("thief"), renewed.EnrolmentCode));
        Assert.Contains("for another command", misused.Message, StringComparison.Ordinal);
        await AgentHost.RenewAsync(options, renewed.EnrolmentCode);
        await Until.TrueAsync(async () => await sales.StatusAsync(new StatusRequest()) is { Online: true, BacklogOps: 0, Locked: false }, "the store is back with all its ops");
        Assert.Single((await stores.ListStoresAsync(new ListStoresRequest(), Admin)).Stores[0].Lives);
    }

    // The certificate's end is dated back; that the store is told, sells on, and comes back by a code with its log, is the same as after weeks without a line.
    [Fact]
    public async Task A_store_whose_certificate_ended_weeks_ago_sells_on_and_comes_back_by_a_code_with_its_log()
    {
        await _hub.DisposeAsync();
        Directory.Delete(HubFolder, recursive: true);
        HubSetup.Init(HubFolder, [], TimeProvider.System.GetUtcNow().AddDays(-100));
        _hub = await StartHubAsync("hub");
        var options = Store("store");
        await AgentHost.EnrolAsync(options, await CodeAsync());
        await using (var agent = await StartAsync(options))
        {
            await OnlineAsync(agent);
        }

        await EndAsync(options.DataDirectory + ".machine", TimeProvider.System.GetUtcNow().AddDays(-21));
        var log = new CollectedLog();
        await using var back = await AgentHost.StartAsync(options, log);
        using var till = GrpcChannel.ForAddress($"http://127.0.0.1:{back.TillGrpcPort}");
        var sales = new Till.TillClient(till);
        await Until.TrueAsync(() => Task.FromResult(log.Has("The certificate has expired")), "the agent says why it is shut out, and the way out");
        Assert.NotNull((await sales.RegisterAsync(new RegisterRequest { RequestId = "1", Name = "Ann", Card = "c" })).Member);

        using var hq = Trust.Channel(Address, HubFolder);
        var stores = new V1.Stores.StoresClient(hq);
        await AgentHost.RenewAsync(options, (await stores.RenewCertificateAsync(new RenewCertificateRequest { Store = 1, Approver = "Eve" }, Admin)).EnrolmentCode);
        await Until.TrueAsync(async () => await sales.StatusAsync(new StatusRequest()) is { Online: true, BacklogOps: 0, Locked: false }, "the store is back with all its ops");
        Assert.Single((await stores.ListStoresAsync(new ListStoresRequest(), Admin)).Stores[0].Lives);
    }

    [Fact]
    public async Task A_hub_does_not_start_when_others_can_read_its_keys_or_without_an_authority()
    {
        var none = await Assert.ThrowsAsync<ArgumentException>(() => HubHost.StartAsync(Options("none"), null, CancellationToken.None));
        Assert.Contains("synchub hub init", none.Message, StringComparison.Ordinal);
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        HubSetup.Init(Path.Combine(_folder, "open"), [], TimeProvider.System.GetUtcNow());
        File.SetUnixFileMode(Path.Combine(_folder, "open", "certificates", "authority.key"), UnixFileMode.UserRead | UnixFileMode.OtherRead);
        var open = await Assert.ThrowsAsync<ArgumentException>(() => HubHost.StartAsync(Options("open"), null, CancellationToken.None));
        Assert.Contains("chmod 600", open.Message, StringComparison.Ordinal);
    }

    // The same key and names, by the same authority, with an earlier end.
    private async Task EndAsync(string machine, DateTimeOffset end)
    {
        var authorityPem = await File.ReadAllTextAsync(Path.Combine(HubFolder, "certificates", "authority.key"));
        var pem = await File.ReadAllTextAsync(machine);
        using var authority = X509Certificate2.CreateFromPem(authorityPem, authorityPem);
        using var given = X509Certificate2.CreateFromPem(pem, pem);
        using var key = given.GetECDsaPrivateKey()!;
        var request = new CertificateRequest(given.SubjectName, new PublicKey(key), HashAlgorithmName.SHA256);
        foreach (var extension in given.Extensions)
        {
            request.CertificateExtensions.Add(extension);
        }

        using var ended = request.Create(authority, end.AddDays(-60), end, [1, 2, 3]);
        PrivateFile.Write(machine, Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem() + "\n" + ended.ExportCertificatePem() + "\n"));
    }

    // Somebody has the authority's key: the chain takes another one, store by store.
    [Fact]
    public async Task An_authority_that_was_stolen_is_exchanged_by_codes_and_a_store_goes_on_with_its_log()
    {
        var options = Store("store");
        await AgentHost.EnrolAsync(options, await CodeAsync());
        await using (var agent = await StartAsync(options))
        {
            await OnlineAsync(agent);
            await _hub.DisposeAsync();
            using var till = GrpcChannel.ForAddress($"http://127.0.0.1:{agent.TillGrpcPort}");
            await new Till.TillClient(till).RegisterAsync(new RegisterRequest { RequestId = "1", Name = "Ann", Card = "c" });
        }

        Directory.Move(Path.Combine(HubFolder, "certificates"), Path.Combine(_folder, "stolen"));
        HubSetup.Init(HubFolder, [], TimeProvider.System.GetUtcNow());
        _hub = await HubHost.StartAsync(Options("hub"), null, CancellationToken.None);
        using var hq = Trust.Channel(Address, HubFolder);
        var renewed = await new V1.Stores.StoresClient(hq).RenewCertificateAsync(new RenewCertificateRequest { Store = 1, Approver = "Eve" }, Admin);
        await AgentHost.RenewAsync(options with { HubAddress = Address }, renewed.EnrolmentCode);
        await using (var back = await StartAsync(options with { HubAddress = Address }))
        {
            await OnlineAsync(back);
            using var again = GrpcChannel.ForAddress($"http://127.0.0.1:{back.TillGrpcPort}");
            await Until.TrueAsync(async () => await new Till.TillClient(again).StatusAsync(new StatusRequest()) is { BacklogOps: 0, Locked: false }, "the store's log goes on");
        }

        Directory.CreateDirectory(Path.Combine(_folder, "thief"));
        Directory.Move(Path.Combine(_folder, "stolen"), Path.Combine(_folder, "thief", "certificates"));
        await using var thief = await HubHost.StartAsync(Options("thief"), null, CancellationToken.None);
        var log = new CollectedLog();
        await using var robbed = await AgentHost.StartAsync(options with { HubAddress = $"https://127.0.0.1:{thief.GrpcPort}" }, log);
        await Until.TrueAsync(() => Task.FromResult(log.Has("not one of this chain's authority")), "the old authority is worth nothing");
    }

    // A hub's key is stolen, with its certificate. The thief answers at an address that the store calls.
    [Fact]
    public async Task A_store_that_heard_that_keys_were_revoked_speaks_to_no_thief_of_one_also_after_a_start()
    {
        var options = Store("store");
        await AgentHost.EnrolAsync(options, await CodeAsync());
        var pem = await File.ReadAllTextAsync(Path.Combine(HubFolder, "certificates", "hub.key"));
        var theft = Path.Combine(_folder, "thief");
        await using (var agent = await StartAsync(options))
        {
            await OnlineAsync(agent);
            await Cli.DoAsync("hub", "revoke-keys", "--by", "eve", "--hub", Address, "--token-file", Path.Combine(HubFolder, "admin.token"));
            await Until.TrueAsync(() => Task.FromResult(File.Exists(Path.Combine(options.DataDirectory, "hub.floor"))), "the store heard of it over the line that is up");
            Assert.True(agent.IsOnline);
        }

        // All that a hub has, but the key of before.
        Directory.CreateDirectory(Path.Combine(theft, "certificates"));
        foreach (var secret in new[] { "authority.key", "authority.pem" })
        {
            PrivateFile.Write(Path.Combine(theft, "certificates", secret), await File.ReadAllBytesAsync(Path.Combine(HubFolder, "certificates", secret)));
        }

        PrivateFile.Write(Path.Combine(theft, "certificates", "hub.key"), Encoding.ASCII.GetBytes(pem));
        await using var thief = await HubHost.StartAsync(Options("thief"), null, CancellationToken.None);
        var log = new CollectedLog();
        await using var robbed = await AgentHost.StartAsync(options with { HubAddress = $"https://127.0.0.1:{thief.GrpcPort}" }, log);
        await Until.TrueAsync(() => Task.FromResult(log.Has("headquarters made all void")), "the store says why it does not trust this hub");
        Assert.False(robbed.IsOnline);
    }

    private static Task<AgentHost> StartAsync(AgentOptions options) => AgentHost.StartAsync(options, NullLoggerFactory.Instance);

    private static Task OnlineAsync(AgentHost agent) => Until.TrueAsync(() => Task.FromResult(agent.IsOnline), "the store is online over TLS");

    private HubOptions Options(string name) => new() { DataDirectory = Path.Combine(_folder, name), GrpcPort = 0, HttpPort = 0, Partitions = 4 };

    private async Task<HubHost> StartHubAsync(string name)
    {
        HubSetup.Init(Path.Combine(_folder, name), [], TimeProvider.System.GetUtcNow());
        Seeds.AddTokenTo(Path.Combine(_folder, name), "tests", Role.Admin, Path.Combine(_folder, name, "admin.token"));
        return await HubHost.StartAsync(Options(name), null, CancellationToken.None);
    }

    private AgentOptions Store(string name) => new() { DataDirectory = Directory.CreateDirectory(Path.Combine(_folder, name)).FullName, HubAddress = Address };

    private async Task<string> CodeAsync()
    {
        using var channel = Trust.Channel(Address, HubFolder);
        return (await new V1.Stores.StoresClient(channel).CreateStoreAsync(new CreateStoreRequest(), Admin)).EnrolmentCode;
    }
}
