using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using SyncHub.Core.Primitives;
using SyncHub.Hub.Certificates;
using SyncHub.Protos.Trust;
using Xunit;

namespace SyncHub.Hub.Tests;

/// <summary>How a store knows its hub, and what a code says of it.</summary>
public sealed class HubTrustTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 10, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task A_certificate_of_a_store_does_not_pass_for_the_hubs()
    {
        await using var hub = await HubFixture.StartSecureAsync();
        var store = new Machine();
        await store.EnrolAsync(hub, (await hub.Stores.CreateStoreAsync(new V1.CreateStoreRequest(), hub.Admin)).EnrolmentCode);
        using var authority = X509Certificate2.CreateFromPem(await File.ReadAllTextAsync(HubSetup.AuthorityFile(hub.DataDirectory)));
        var trust = new HubTrust(authority, TimeProvider.System);

        await using var impostor = Impostor.Start(store.Certificate!);
        using var channel = Grpc.Net.Client.GrpcChannel.ForAddress(impostor.Address, new Grpc.Net.Client.GrpcChannelOptions { HttpHandler = trust.CreateHandler(), DisposeHttpClient = true });
        await Assert.ThrowsAsync<RpcException>(async () => await new V1.Enrolment.EnrolmentClient(channel).AuthorityAsync(new V1.AuthorityRequest()));
        Assert.NotEqual("", trust.Refusal);
    }

    [Theory]
    [InlineData(-6, true)] // a machine whose clock is behind
    [InlineData(-20, false)]
    [InlineData(9, true)] // the hub's certificate ends after three days
    [InlineData(11, false)]
    public async Task Clocks_may_differ_by_a_week(int days, bool isTaken)
    {
        await using var hub = await HubFixture.StartSecureAsync();
        using var authority = X509Certificate2.CreateFromPem(await File.ReadAllTextAsync(HubSetup.AuthorityFile(hub.DataDirectory)));
        var time = new ShiftedTime();
        time.Forward(TimeSpan.FromDays(days));
        var trust = new HubTrust(authority, time);
        using var channel = Grpc.Net.Client.GrpcChannel.ForAddress($"https://127.0.0.1:{hub.GrpcPort}", new Grpc.Net.Client.GrpcChannelOptions { HttpHandler = trust.CreateHandler(), DisposeHttpClient = true });
        var call = async () => await new V1.Enrolment.EnrolmentClient(channel).AuthorityAsync(new V1.AuthorityRequest());
        if (isTaken)
        {
            Assert.Equal("", await call().ContinueWith(_ => trust.Refusal, TaskScheduler.Default));
        }
        else
        {
            await Assert.ThrowsAsync<RpcException>(call);
            Assert.Contains("Set the clock", trust.Refusal, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_hub_renews_its_certificate_for_the_same_names_each_day()
    {
        var folder = Directory.CreateTempSubdirectory("authority").FullName;
        var time = new ShiftedTime();
        CertificateAuthorityAt(folder, time.GetUtcNow(), "hub.example");
        var first = PemIn(folder);
        time.Forward(TimeSpan.FromHours(23));
        Assert.False(HubSetup.RenewIfDue(folder, time));
        time.Forward(TimeSpan.FromHours(2));
        Assert.True(HubSetup.RenewIfDue(folder, time));
        using var next = X509Certificate2.CreateFromPem(PemIn(folder));
        Assert.NotEqual(first, PemIn(folder));
        Assert.True(next.MatchesHostname("hub.example"));
        Assert.True(CertificateNames.IsHub(next));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void A_certificate_that_a_wrong_clock_gave_for_a_later_time_is_replaced_when_the_clock_is_right_again()
    {
        var folder = Directory.CreateTempSubdirectory("authority").FullName;
        var time = new ShiftedTime();
        CertificateAuthorityAt(folder, time.GetUtcNow(), "hub.example");
        time.Forward(TimeSpan.FromDays(400));
        Assert.True(HubSetup.RenewIfDue(folder, time));
        Assert.True(HubSetup.RenewIfDue(folder, new ShiftedTime()));
        Assert.False(HubSetup.RenewIfDue(folder, new ShiftedTime()));
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("ABCDE-FGHJK-MNPQR-STUVW-XYZ23-45678", "ABCDEFGHJK", "MNPQRSTUVWXYZ2345678")]
    [InlineData("abcde fghjk mnpqr stuvw xyz23 45678", "ABCDEFGHJK", "MNPQRSTUVWXYZ2345678")]
    [InlineData("ABCDEFGHJK", "ABCDEFGHJK", "")]
    public void A_code_is_read_as_people_copy_it(string text, string secret, string fingerprint) =>
        Assert.Equal(new EnrolmentCode(secret, fingerprint), EnrolmentCode.TryParse(text));

    [Theory]
    [InlineData("")]
    [InlineData("ABCDE-FGHJK-MNPQR")]
    [InlineData("ABCDE-FGHJ1")] // no code has a 1
    [InlineData("ABCDE-FGHJK-MNPQR-STUVW-XYZ23-45678-A")]
    public void What_is_no_code_is_not_sent(string text) => Assert.Null(EnrolmentCode.TryParse(text));

    [Fact]
    public void A_fingerprint_is_a_hundred_bits_of_the_hash()
    {
        // 32 characters of 5 bits each: the first is the top five bits of the hash.
        var certificate = "certificate"u8.ToArray();
        var hash = SHA256.HashData(certificate);
        var fingerprint = EnrolmentCode.FingerprintOf(certificate);
        Assert.Equal(20, fingerprint.Length);
        Assert.Equal(EnrolmentCode.Alphabet[hash[0] >> 3], fingerprint[0]);
        Assert.Equal(EnrolmentCode.Alphabet[((hash[11] & 1) << 4) | (hash[12] >> 4)], fingerprint[19]);
    }

    [Fact]
    public void Names_of_a_store_read_as_they_were_written()
    {
        var holder = new Holder(new StoreId(12), Incarnation.Of(3, 4));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=x", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("hub.example");
        names.AddUri(new Uri(CertificateNames.OfStore(holder, 3)));
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(Now, Now.AddDays(1));
        Assert.Equal((holder, 3), CertificateNames.ReadStore(certificate));
        Assert.False(CertificateNames.IsHub(certificate));
    }

    private static void CertificateAuthorityAt(string folder, DateTimeOffset now, string name) => HubSetup.Init(folder, [name], now);

    private static string PemIn(string folder) => File.ReadAllText(Path.Combine(folder, "certificates", "hub.key"));
}
