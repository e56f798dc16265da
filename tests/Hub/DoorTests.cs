using System.Globalization;
using Google.Protobuf;
using Grpc.Core;
using SyncHub.Core.Primitives;
using SyncHub.Core.Protocol;
using SyncHub.Core.Wallets;
using SyncHub.Protos.Trust;
using SyncHub.Storage;
using SyncHub.V1;
using Xunit;
using Bucket = SyncHub.Core.Wallets.Bucket;
using OpType = SyncHub.Core.Ops.OpType;

namespace SyncHub.Hub.Tests;

/// <summary>The door of the stores, tried by whoever should not come in, and by whoever hands in what is not its own.</summary>
public sealed class DoorTests
{
    private static readonly MemberId Member = MemberId.Create(1, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);

    [Fact]
    public async Task A_store_with_its_certificate_comes_in_and_its_ops_are_kept_with_their_proof()
    {
        await using var hub = await HubFixture.StartSecureAsync();
        await using var store = await hub.EnrolAsync();
        await store.ConnectAsync();
        await store.LogAsync(OpType.RegisterMember, Member);
        await store.LogAsync(OpType.TopUp, Member, ScriptedAgent.Credit(Bucket.Principal, 100));
        Assert.Equal(100, (await hub.WalletAsync(Member)).PrincipalMinor);
        var state = Assert.Single((await hub.Stores.ListStoresAsync(new ListStoresRequest(), hub.Admin)).Stores);
        Assert.Equal(CertificateState.Valid, state.Certificate);
    }

    [Fact]
    public async Task Whoever_shows_no_certificate_is_no_store()
    {
        await using var hub = await HubFixture.StartSecureAsync();
        await using var store = await hub.EnrolAsync();
        await AssertRefusedAsync(hub, null, StatusCode.Unauthenticated, "demands a client certificate");
    }

    [Fact]
    public async Task A_certificate_of_another_authority_is_worth_nothing()
    {
        await using var hub = await HubFixture.StartSecureAsync();
        await using var store = await hub.EnrolAsync();
        var forger = new Machine();
        forger.Forge(new Uri(CertificateNames.OfStore(store.Holder, 1)));
        await AssertRefusedAsync(hub, forger, StatusCode.Unauthenticated, "not of this hub's authority");
    }

    [Fact]
    public async Task A_store_cannot_speak_for_another_one()
    {
        await using var hub = await HubFixture.StartSecureAsync();
        await using var victim = await hub.EnrolAsync();
        var (thief, _) = await EnrolAsync(hub);
        await AssertRefusedAsync(hub, thief, StatusCode.PermissionDenied, "The certificate is of store 2, the Hello of store 1");
    }

    [Fact]
    public async Task A_certificate_that_has_ended_is_refused_and_within_a_week_of_grace_still_renews()
    {
        var time = new ShiftedTime();
        await using var hub = await HubFixture.StartSecureAsync(time);
        var (machine, _) = await EnrolAsync(hub);
        time.Forward(TimeSpan.FromDays(94));
        var renewed = new Machine();
        using (var channel = hub.OpenChannel(machine.Certificate))
        {
            renewed.Take((await new Enrolment.EnrolmentClient(channel).RenewAsync(new RenewRequest { CertificateRequest = renewed.Request })).Certificate);
        }

        time.Forward(TimeSpan.FromDays(4));
        await AssertRefusedAsync(hub, machine, StatusCode.Unauthenticated, "has expired");
        using var link = await OpenAsync(hub, renewed);
    }

    [Fact]
    public async Task A_key_that_was_renewed_speaks_until_the_new_one_is_used_and_then_no_more()
    {
        await using var hub = await HubFixture.StartSecureAsync();
        var (old, _) = await EnrolAsync(hub);
        var renewed = new Machine();
        using (var channel = hub.OpenChannel(old.Certificate))
        {
            renewed.Take((await new Enrolment.EnrolmentClient(channel).RenewAsync(new RenewRequest { CertificateRequest = renewed.Request })).Certificate);
        }

        using (await OpenAsync(hub, old))
        {
            // The new key may never have arrived.
        }

        using (await OpenAsync(hub, renewed))
        {
            await AssertRefusedAsync(hub, old, StatusCode.Unauthenticated, "Another key took the place");
        }
    }

    [Fact]
    public async Task A_machine_that_was_replaced_or_revoked_is_refused_and_cannot_renew()
    {
        await using var hub = await HubFixture.StartSecureAsync();
        var (lost, _) = await EnrolAsync(hub);
        var code = (await hub.Stores.ReplaceAgentAsync(new ReplaceAgentRequest { Store = 1, Approver = "Eve" }, hub.Admin)).EnrolmentCode;
        var machine = new Machine();
        await machine.EnrolAsync(hub, code);
        await AssertRefusedAsync(hub, lost, StatusCode.Unauthenticated, "Another key took the place");

        await hub.Stores.RevokeCertificateAsync(new RevokeCertificateRequest { Store = 1, Approver = "Eve" }, hub.Admin);
        await AssertRefusedAsync(hub, machine, StatusCode.Unauthenticated, "was revoked");
        using var channel = hub.OpenChannel(machine.Certificate);
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await new Enrolment.EnrolmentClient(channel).RenewAsync(new RenewRequest { CertificateRequest = new Machine().Request }));
        Assert.Equal(StatusCode.Unauthenticated, refused.StatusCode);
    }

    [Fact]
    public async Task Every_stream_of_a_revoked_store_ends_at_once_also_one_that_only_hands_in_an_old_log()
    {
        await using var hub = await HubFixture.StartSecureAsync();
        var (machine, _) = await EnrolAsync(hub);
        using var speaking = await OpenAsync(hub, machine);
        using var uploading = await OpenAsync(hub, machine, isLocked: true);
        await hub.Stores.RevokeCertificateAsync(new RevokeCertificateRequest { Store = 1, Approver = "Eve" }, hub.Admin);
        await EndsAsync(speaking);
        await EndsAsync(uploading);
    }

    [Fact]
    public async Task A_reclaimed_machine_is_shut_out_at_once_and_one_of_which_a_member_or_an_ended_life_is_reclaimed_is_not()
    {
        await using var hub = await HubFixture.StartSecureAsync();
        var (machine, _) = await EnrolAsync(hub);
        using var speaking = await OpenAsync(hub, machine);
        using var uploading = await OpenAsync(hub, machine, isLocked: true);
        await hub.Stores.ReclaimAsync(new ReclaimRequest { Store = 1, Approver = "Eve", OnlyDeadLives = true }, hub.Admin);
        await hub.Stores.ReclaimAsync(new ReclaimRequest { Store = 1, Approver = "Eve", MemberId = Member.ToString() }, hub.Admin);
        Assert.Equal(CertificateState.Valid, Assert.Single((await hub.Stores.ListStoresAsync(new ListStoresRequest(), hub.Admin)).Stores).Certificate);
        var waiting = (await hub.Stores.RenewCertificateAsync(new RenewCertificateRequest { Store = 1, Approver = "Eve" }, hub.Admin)).EnrolmentCode;

        await hub.Stores.ReclaimAsync(new ReclaimRequest { Store = 1, Approver = "Eve" }, hub.Admin);

        await EndsAsync(speaking);
        await EndsAsync(uploading);
        await AssertRefusedAsync(hub, machine, StatusCode.Unauthenticated, "was revoked");
        Assert.Equal(StatusCode.PermissionDenied, (await Assert.ThrowsAsync<RpcException>(() => new Machine().EnrolAsync(hub, waiting))).StatusCode);
        var next = new Machine();
        await next.EnrolAsync(hub, (await hub.Stores.ReplaceAgentAsync(new ReplaceAgentRequest { Store = 1, Approver = "Eve" }, hub.Admin)).EnrolmentCode);
        using var link = await OpenAsync(hub, next);
    }

    // A machine with the right certificate and a program of its own: what it writes is a fact, and it pays for what it had no right to.
    [Fact]
    public async Task A_store_that_forges_a_grant_takes_nothing_from_the_member_or_from_other_stores()
    {
        await using var hub = await HubFixture.StartSecureAsync();
        await using var honest = await hub.EnrolAsync();
        await using var thief = await hub.EnrolAsync();
        await honest.ConnectAsync();
        await honest.LogAsync(OpType.RegisterMember, Member);
        await honest.LogAsync(OpType.TopUp, Member, ScriptedAgent.Credit(Bucket.Principal, 300));
        await thief.ConnectAsync();

        await thief.LogAsync(OpType.Sale, Member, new Core.Ops.Move(Core.Ops.MoveKind.Debit, Bucket.Principal, 250, 10_000)); // "I was granted 10,000"

        var wallet = await hub.WalletAsync(Member);
        Assert.Equal((300, 250), (wallet.PrincipalMinor, wallet.Buckets.Sum(bucket => bucket.LossMinor)));
        Assert.Equal(300, wallet.Buckets.SelectMany(bucket => bucket.Lines).Single(line => line.Store == 1).Outstanding);
        var cases = (await new V1.Cases.CasesClient(hub.Channel).ListCasesAsync(new ListCasesRequest { Store = 2 }, hub.Admin)).Cases;
        Assert.Contains(cases, one => one.Kind is CaseKind.UnbackedUse or CaseKind.UnknownGrant && one is { AmountMinor: 250, PayerAccount: "store/2/loss" });
    }

    // Signed and chained as it should be, by a program that logs its best top-up, or another store's, a second time.
    [Fact]
    public async Task An_op_that_is_logged_again_under_a_new_sequence_moves_nothing_and_becomes_a_case()
    {
        await using var hub = await HubFixture.StartSecureAsync();
        await using var honest = await hub.EnrolAsync();
        await using var thief = await hub.EnrolAsync();
        await honest.ConnectAsync();
        await honest.LogAsync(OpType.RegisterMember, Member);
        await honest.LogAsync(OpType.TopUp, Member, ScriptedAgent.Credit(Bucket.Principal, 300));
        await thief.ConnectAsync();
        await thief.LogAsync(OpType.TopUp, Member, ScriptedAgent.Credit(Bucket.Principal, 50));

        foreach (var again in (byte[][])[thief.Log[0], honest.Log[1]])
        {
            thief.AppendBytes(again);
            await thief.SendOpsAsync(thief.Log.Count);
            var ack = await thief.AckAsync(thief.Log.Count);
            Assert.Equal(Classification.Anomaly, Assert.Single(ack.Classified).Classification);
        }

        Assert.Equal(350, (await hub.WalletAsync(Member)).PrincipalMinor);
        Assert.Equal(2, (await new V1.Cases.CasesClient(hub.Channel).ListCasesAsync(new ListCasesRequest { Store = 2, State = CaseState.Open }, hub.Admin)).Cases.Count);
        await thief.LogAsync(OpType.TopUp, Member, ScriptedAgent.Credit(Bucket.Principal, 1)); // and its log goes on
        Assert.Equal(351, (await hub.WalletAsync(Member)).PrincipalMinor);
    }

    [Fact]
    public async Task Ops_that_were_changed_on_the_way_or_signed_by_another_machine_are_not_taken_and_become_a_case()
    {
        await using var hub = await HubFixture.StartSecureAsync();
        var (machine, identity) = await EnrolAsync(hub);
        var (other, _) = await EnrolAsync(hub);
        var life = new Holder(new StoreId(identity.Store), new Incarnation(identity.Incarnation));
        var op = Protos.Mapping.OpCodec.Encode(new Core.Ops.Op { Id = new Core.Primitives.OpId(life, 1), Type = OpType.RegisterMember, Member = Member, Profile = new Core.Members.MemberProfile("Ann", "", "c", life.Store, "") });
        var head = new LogHead(life, 1, OpHash.Genesis.Next(op));
        byte[] changed = [.. op, 0x7A, 0x00]; // a field more
        (string What, byte[] Bytes, ByteString Signature)[] attacks =
        [
            ("tampered", changed, machine.Sign(head)),
            ("foreign", op, other.Sign(head)),
            ("replayed at another place", op, machine.Sign(head with { Sequence = 2 })),
            ("replayed in another life", op, machine.Sign(head with { Life = head.Life with { Incarnation = new Incarnation(9) } })),
            ("unsigned", op, ByteString.Empty),
            ("garbage", op, ByteString.CopyFrom(new byte[64])),
        ];
        foreach (var (what, bytes, signature) in attacks)
        {
            using var link = await OpenAsync(hub, machine);
            var batch = new OpBatch { Nonce = Nonce, Incarnation = identity.Incarnation, FirstSequence = 1, Signature = signature };
            batch.Envelopes.Add(ByteString.CopyFrom(bytes));
            await link.RequestStream.WriteAsync(new AgentFrame { OpBatch = batch });
            var fault = await EndsAsync(link);
            Assert.True(fault.Contains("are not signed by the store's machine", StringComparison.Ordinal), $"{what}: {fault}");
        }

        var cases = new V1.Cases.CasesClient(hub.Channel);
        Assert.Contains("not signed", Assert.Single((await cases.ListCasesAsync(new ListCasesRequest { State = CaseState.Open }, hub.Admin)).Cases).Note, StringComparison.Ordinal);
        await Assert.ThrowsAsync<RpcException>(async () => await hub.WalletAsync(Member));
    }

    [Fact]
    public async Task A_certificate_request_must_be_signed_by_its_own_key_and_a_bad_one_does_not_use_the_code_up()
    {
        await using var hub = await HubFixture.StartSecureAsync();
        var code = (await hub.Stores.CreateStoreAsync(new CreateStoreRequest(), hub.Admin)).EnrolmentCode;
        var machine = new Machine();
        var damaged = machine.Request.ToByteArray();
        damaged[^1] ^= 1;
        using var rsa = System.Security.Cryptography.RSA.Create(2048);
        var foreign = new System.Security.Cryptography.X509Certificates.CertificateRequest("CN=me", rsa, System.Security.Cryptography.HashAlgorithmName.SHA256, System.Security.Cryptography.RSASignaturePadding.Pkcs1).CreateSigningRequest();
        foreach (var request in new[] { [], [1, 2, 3], damaged, foreign })
        {
            var refused = await Assert.ThrowsAsync<RpcException>(async () => await new Enrolment.EnrolmentClient(hub.Channel)
                .EnrolAsync(new EnrolRequest { Code = EnrolmentCode.TryParse(code)!.Secret, CertificateRequest = ByteString.CopyFrom(request) }));
            Assert.Equal(StatusCode.InvalidArgument, refused.StatusCode);
        }

        await machine.EnrolAsync(hub, code);
    }

    // Whoever has no code yet comes as far as this: what he sends must not cost the hub much. A sound request, too large to be looked at.
    [Fact]
    public async Task A_certificate_request_that_is_larger_than_one_can_be_is_not_even_read()
    {
        await using var hub = await HubFixture.StartSecureAsync();
        var (machine, _) = await EnrolAsync(hub);
        using var key = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        var names = string.Concat(Enumerable.Repeat("OU=a unit of many,", 60));
        var large = ByteString.CopyFrom(new System.Security.Cryptography.X509Certificates.CertificateRequest(names + "CN=me", key, System.Security.Cryptography.HashAlgorithmName.SHA256).CreateSigningRequest());
        using var channel = hub.OpenChannel(machine.Certificate);
        var code = (await hub.Stores.CreateStoreAsync(new CreateStoreRequest(), hub.Admin)).EnrolmentCode;
        Func<Task>[] ways =
        [
            async () => await new Enrolment.EnrolmentClient(hub.Channel).EnrolAsync(new EnrolRequest { Code = EnrolmentCode.TryParse(code)!.Secret, CertificateRequest = large }),
            async () => await new Enrolment.EnrolmentClient(channel).RenewAsync(new RenewRequest { CertificateRequest = large }),
        ];
        foreach (var way in ways)
        {
            var refused = await Assert.ThrowsAsync<RpcException>(way);
            Assert.Equal(StatusCode.InvalidArgument, refused.StatusCode);
            Assert.Contains("less than 1024", refused.Status.Detail, StringComparison.Ordinal);
        }

        await new Machine().EnrolAsync(hub, code); // which was not used up
    }

    [Fact]
    public async Task A_code_ends_after_half_an_hour()
    {
        var time = new ShiftedTime();
        await using var hub = await HubFixture.StartSecureAsync(time);
        var code = (await hub.Stores.CreateStoreAsync(new CreateStoreRequest(), hub.Admin)).EnrolmentCode;
        time.Forward(TimeSpan.FromMinutes(31));
        Assert.Equal(StatusCode.PermissionDenied, (await Assert.ThrowsAsync<RpcException>(() => new Machine().EnrolAsync(hub, code))).StatusCode);
    }

    [Fact]
    public async Task A_restored_hub_takes_a_certificate_that_it_had_forgotten_and_no_key_that_was_never_given_in_its_term()
    {
        await using var hub = await HubFixture.StartSecureAsync();
        var code = (await hub.Stores.CreateStoreAsync(new CreateStoreRequest(), hub.Admin)).EnrolmentCode;
        var copy = Path.Combine(hub.DataDirectory, "copy.db");
        HubBackup.Make(hub.DataDirectory, copy);
        var machine = new Machine();
        var identity = await machine.EnrolAsync(hub, code);
        await hub.RestoreAsync(copy);
        using var link = await OpenAsync(hub, machine);
        Assert.Equal(1, identity.Store);
    }

    [Fact]
    public async Task A_restored_hub_never_serves_a_term_twice_although_its_clock_went_back()
    {
        await using var hub = await HubFixture.StartAsync();
        var copy = Path.Combine(hub.DataDirectory, "copy.db");
        HubBackup.Make(hub.DataDirectory, copy);
        var now = new DateTimeOffset(2026, 11, 22, 0, 0, 0, TimeSpan.Zero);
        var terms = new List<int>();
        for (var restore = 0; restore < 3; restore++)
        {
            await hub.RestartAsync(async folder => terms.Add((await HubBackup.RestoreAsync(folder, copy, now.AddYears(-2 * restore))).Term));
        }

        Assert.Equal([terms[0], terms[0] + 1, terms[0] + 2], terms);
    }

    [Fact]
    public async Task A_hub_refuses_to_start_on_an_older_copy_that_was_put_in_place_without_a_word()
    {
        await using var hub = await HubFixture.StartAsync();
        var copy = Path.Combine(hub.DataDirectory, "copy.db");
        HubBackup.Make(hub.DataDirectory, copy);
        await hub.Members.CreateMemberAsync(new CreateMemberRequest { Profile = new MemberProfile { Name = "Ann" } }, hub.Admin);

        var refusal = await Assert.ThrowsAsync<JournalUnavailableException>(() => hub.RestartAsync(folder =>
        {
            File.Copy(copy, Path.Combine(folder, "hub.db"), overwrite: true);
            return Task.CompletedTask;
        }));

        Assert.Contains("synchub hub restore", refusal.Message, StringComparison.Ordinal);
        await HubBackup.RestoreAsync(hub.DataDirectory, copy, TimeProvider.System.GetUtcNow());
        await hub.OpenAgainAsync();
    }

    [Fact]
    public async Task A_guard_that_cannot_be_written_costs_neither_the_service_nor_the_clean_stop()
    {
        await using var hub = await HubFixture.StartAsync();
        var draft = Directory.CreateDirectory(Path.Combine(hub.DataDirectory, "hub.guard.new")); // where the guard is drafted
        var member = await hub.Members.CreateMemberAsync(new CreateMemberRequest { Profile = new MemberProfile { Name = "Ann" } }, hub.Admin);

        await hub.RestartAsync(folder =>
        {
            draft.Delete();
            return Task.CompletedTask;
        });

        Assert.Equal("Ann", (await hub.Members.GetMemberAsync(new GetMemberRequest { MemberId = member.MemberId }, hub.Admin)).Profile.Name);
    }

    private static ByteString Nonce { get; } = ByteString.CopyFromUtf8("door");

    private static async Task<(Machine Machine, EnrolResponse Identity)> EnrolAsync(HubFixture hub)
    {
        var machine = new Machine();
        var code = (await hub.Stores.CreateStoreAsync(new CreateStoreRequest(), hub.Admin)).EnrolmentCode;
        return (machine, await machine.EnrolAsync(hub, code));
    }

    // Says Hello as store 1 and waits for the first frame of an answer; the machine is in its first life, whose tokens nobody minds when it is locked.
    private static async Task<AsyncDuplexStreamingCall<AgentFrame, HubFrame>> OpenAsync(HubFixture hub, Machine? machine, bool isLocked = false)
    {
        var call = new V1.Sync.SyncClient(hub.OpenChannel(machine?.Certificate)).Link();
        var hello = new V1.Hello { Store = 1, Incarnation = Incarnation.Of(1, 1).Value, Nonce = Nonce, SchemaMax = 1, Locked = isLocked, Device = ByteString.CopyFrom(new byte[16].Select(_ => (byte)7).ToArray()), Token = s_tokens.GetValueOrDefault(hub.GrpcPort) };
        await call.RequestStream.WriteAsync(new AgentFrame { Hello = hello });
        using var patience = new CancellationTokenSource(HubFixture.Patience);
        while (await call.ResponseStream.MoveNext(patience.Token))
        {
            switch (call.ResponseStream.Current.FrameCase)
            {
                case HubFrame.FrameOneofCase.Welcome:
                    s_tokens[hub.GrpcPort] = call.ResponseStream.Current.Welcome.Token;
                    return call;
                case HubFrame.FrameOneofCase.Stale or HubFrame.FrameOneofCase.Quarantine:
                    return call;
                default:
                    continue;
            }
        }

        throw new InvalidOperationException("The stream ended without an answer.");
    }

    private static readonly System.Collections.Concurrent.ConcurrentDictionary<int, long> s_tokens = new();

    private static async Task AssertRefusedAsync(HubFixture hub, Machine? machine, StatusCode code, string reason)
    {
        var refused = await Assert.ThrowsAsync<RpcException>(() => OpenAsync(hub, machine));
        Assert.Equal(code, refused.StatusCode);
        Assert.Contains(reason, refused.Status.Detail, StringComparison.Ordinal);
    }

    private static async Task<string> EndsAsync(AsyncDuplexStreamingCall<AgentFrame, HubFrame> call)
    {
        using var patience = new CancellationTokenSource(HubFixture.Patience);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(patience.Token);
        var beating = BeatAsync(call, over.Token); // a silent stream is cut too, and that is not what is asked here
        try
        {
            while (await call.ResponseStream.MoveNext(patience.Token))
            {
                // What was on its way comes first.
            }

            return "";
        }
        catch (RpcException fault) when (!patience.IsCancellationRequested)
        {
            return fault.Status.Detail;
        }
        finally
        {
            await over.CancelAsync();
            await beating;
        }
    }

    private static async Task BeatAsync(AsyncDuplexStreamingCall<AgentFrame, HubFrame> call, CancellationToken over)
    {
        try
        {
            using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
            do
            {
                await call.RequestStream.WriteAsync(new AgentFrame { Heartbeat = new AgentHeartbeat() }, over);
            }
            while (await timer.WaitForNextTickAsync(over));
        }
        catch (Exception end) when (end is RpcException or OperationCanceledException or InvalidOperationException or IOException)
        {
            // The stream has ended, or nobody waits for it any more.
        }
    }
}
