using Grpc.Core;
using SyncHub.Hub.Users;
using SyncHub.Storage.Sealing;
using SyncHub.Storage.Sqlite;
using SyncHub.V1;
using Xunit;

namespace SyncHub.Hub.Tests.Users;

/// <summary>People sign in with a password, for a while, and guessing gets slower and slower.</summary>
public sealed class LoginTests
{
    private const string Password = "correct horse battery";

    [Fact]
    public async Task The_first_admin_comes_from_the_hubs_own_machine_and_makes_the_others()
    {
        await using var hub = await HubFixture.StartAsync(options =>
        {
            Seeds.AddAdmin(options.DataDirectory, "Kim", Password);
            return options;
        });
        var kim = Doors.Bearer((await hub.LoginAsync("kim", Password)).Token);

        await hub.Users.AddUserAsync(new AddUserRequest { Name = "lee", Role = Role.Auditor, Password = Password + "2" }, kim);
        var lee = await hub.LoginAsync("lee", Password + "2");

        Assert.Equal(Role.Auditor, lee.Identity.Role);
        Assert.Equal(StatusCode.PermissionDenied, (await Assert.ThrowsAsync<RpcException>(async () => await hub.Users.AddUserAsync(new AddUserRequest { Name = "eve", Role = Role.Marketing, Password = Password }, Doors.Bearer(lee.Token)))).StatusCode);
        Assert.Equal(StatusCode.FailedPrecondition, (await Assert.ThrowsAsync<RpcException>(async () => await hub.Users.ChangeUserAsync(new ChangeUserRequest { Name = "kim", Role = Role.Auditor }, kim))).StatusCode);
        Assert.Empty(Directory.GetFiles(Path.Combine(hub.Folder, "seeds")));
    }

    [Theory]
    [InlineData("short")]
    [InlineData("kimkimkimkimkim")]
    [InlineData("aaaabbbbaaaabbbb")]
    public async Task A_poor_password_is_refused(string password)
    {
        await using var hub = await HubFixture.StartAsync();

        Assert.Equal(StatusCode.InvalidArgument, (await Assert.ThrowsAsync<RpcException>(async () => await hub.Users.AddUserAsync(new AddUserRequest { Name = "kim", Role = Role.Finance, Password = password }, hub.Admin))).StatusCode);
    }

    [Fact]
    public async Task A_session_ends_when_it_is_unused_old_signed_out_of_or_its_user_changed()
    {
        var time = new StillTime();
        await using var hub = await HubFixture.StartAsync(options => options with { Time = time });
        await hub.AddUserAsync("kim", Role.Auditor, Password);

        var idle = await hub.LoginAsync("kim", Password);
        time.Forward(TimeSpan.FromMinutes(20));
        await hub.WhoAmIAsync(idle.Token);
        time.Forward(TimeSpan.FromMinutes(20));
        Assert.Equal("kim", (await hub.WhoAmIAsync(idle.Token)).Name);
        time.Forward(TimeSpan.FromMinutes(31));
        await hub.AssertClosedAsync(idle.Token);

        var left = await hub.LoginAsync("kim", Password);
        await hub.Access.LogoutAsync(new LogoutRequest(), Doors.Bearer(left.Token));
        await hub.AssertClosedAsync(left.Token);

        var old = await hub.LoginAsync("kim", Password);
        for (var i = 0; i < 37; i++)
        {
            await hub.WhoAmIAsync(old.Token);
            time.Forward(TimeSpan.FromMinutes(19.5));
        }

        await hub.AssertClosedAsync(old.Token);
        var disabled = await hub.LoginAsync("kim", Password);
        await hub.Users.ChangeUserAsync(new ChangeUserRequest { Name = "kim", Role = Role.Auditor, Disabled = true }, hub.Admin);
        await hub.AssertClosedAsync(disabled.Token);
        Assert.Equal(StatusCode.Unauthenticated, (await Assert.ThrowsAsync<RpcException>(() => hub.LoginAsync("kim", Password))).StatusCode);
    }

    [Fact]
    public async Task A_session_outlives_a_restart_of_the_hub()
    {
        await using var hub = await HubFixture.StartAsync();
        await hub.AddUserAsync("kim", Role.Auditor, Password);
        var session = await hub.LoginAsync("kim", Password);
        await hub.RestartAsync();

        Assert.Equal("kim", (await hub.WhoAmIAsync(session.Token)).Name);
    }

    [Fact]
    public async Task A_new_password_ends_the_sessions_of_the_old_one()
    {
        await using var hub = await HubFixture.StartAsync();
        await hub.AddUserAsync("kim", Role.Auditor, Password);
        var before = await hub.LoginAsync("kim", Password);

        var after = await hub.Access.ChangePasswordAsync(new ChangePasswordRequest { OldPassword = Password, NewPassword = "another good one" }, Doors.Bearer(before.Token));

        await hub.AssertClosedAsync(before.Token);
        Assert.Equal("kim", (await hub.WhoAmIAsync(after.Token)).Name);
        Assert.Equal("kim", (await hub.LoginAsync("kim", "another good one")).Identity.Name);
    }

    [Fact]
    public async Task Guessing_a_password_takes_longer_after_each_try_also_over_a_restart_and_for_names_that_nobody_has()
    {
        var time = new StillTime();
        await using var hub = await HubFixture.StartAsync(options => options with { Time = time });
        await hub.AddUserAsync("kim", Role.Auditor, Password);
        foreach (var name in (string[])["kim", "nobody"])
        {
            for (var i = 0; i < 5; i++)
            {
                Assert.Equal("The name or the password is wrong.", await RefusalAsync(hub, name));
            }

            Assert.StartsWith("Too many wrong tries", await RefusalAsync(hub, name), StringComparison.Ordinal);
        }

        await hub.RestartAsync();
        Assert.Equal(StatusCode.ResourceExhausted, (await Assert.ThrowsAsync<RpcException>(() => hub.LoginAsync("kim", Password))).StatusCode);
        time.Forward(TimeSpan.FromSeconds(2));
        await RefusalAsync(hub, "kim");
        time.Forward(TimeSpan.FromSeconds(1.5));
        Assert.StartsWith("Too many wrong tries", await RefusalAsync(hub, "kim"), StringComparison.Ordinal);
        time.Forward(TimeSpan.FromSeconds(2));
        Assert.Equal("kim", (await hub.LoginAsync("kim", Password)).Identity.Name);
    }

    [Fact]
    public void The_wait_doubles_up_to_a_quarter_of_an_hour() =>
        Assert.Equal([0, 0, 1_000, 2_000, 4_000, 900_000, 900_000], ((int[])[0, 4, 5, 6, 7, 15, 1000]).Select(wrong => TryLimit.LockedUntilMs(wrong, 0)));

    [Fact]
    public void An_address_may_be_wrong_more_often_than_a_user_and_then_waits_too()
    {
        var tries = new TryLimit(new StillTime());
        Assert.All(Enumerable.Range(0, 20), _ => Assert.Equal(0, tries.TakeOfAddress("10.0.0.1")));
        Assert.NotEqual(0, tries.TakeOfAddress("10.0.0.1"));
        Assert.Equal(0, tries.TakeOfAddress("10.0.0.2"));
        tries.Forget("10.0.0.1");
        Assert.Equal(0, tries.TakeOfAddress("10.0.0.1"));
    }

    // What takes long is done once, with the same rounds, and what is written is as much: the time of an answer tells nothing.
    [Fact]
    public void A_check_costs_the_same_work_for_a_right_password_a_wrong_one_a_name_that_nobody_has_and_a_user_without_one()
    {
        var known = Passwords.Hash(Password);
        foreach (var (hash, typed, isRight) in new[] { (known, Password, true), (known, "not the password", false), (null, Password, false), (new PasswordHash(), Password, false) })
        {
            var rounds = new List<int>();
            Assert.Equal(isRight, Passwords.IsRight(typed, hash, (password, salt, iterations) =>
            {
                rounds.Add(iterations);
                return isRight ? known.Hash.ToByteArray() : new byte[known.Hash.Length];
            }));
            Assert.Equal([Passwords.Iterations], rounds);
        }
    }

    [Fact]
    public async Task A_name_that_nobody_has_costs_as_many_writes_as_a_users_and_what_was_typed_is_not_kept()
    {
        await using var hub = await HubFixture.StartAsync();
        await hub.AddUserAsync("kim", Role.Finance, Password);
        Assert.Equal(await RefusalAsync(hub, "kim"), await RefusalAsync(hub, "typed by mistake"));
        var tries = await hub.AuditAsync(new ListAuditRequest { What = "Access/Login" });
        Assert.Equal([("user kim", "wrong password"), ("nobody", "wrong name")], tries.Select(entry => (entry.Who, entry.Outcome)));
        await hub.RestartAsync(async folder =>
        {
            await using var journal = SealedJournal.Reopen(SqliteJournal.Open(Path.Combine(folder, "hub.db"), new SqliteJournalOptions()), KeyRing.Open(Path.Combine(folder, "hub.keys")), new HashSet<string> { "phone", "card" });
            Assert.Equal(1, journal.CountDocuments(UserBook.Strangers)); // as a user's count is written before the password is looked at
        });
    }

    [Fact]
    public void A_hash_is_salted_and_keeps_its_iterations()
    {
        var hash = Passwords.Hash("caf\u00e9 corner street");
        Assert.Equal((210_000, 16, 64), (hash.Iterations, hash.Salt.Length, hash.Hash.Length));
        Assert.NotEqual(hash.Hash, Passwords.Hash("caf\u00e9 corner street").Hash);
        Assert.True(Passwords.IsRight("caf\u00e9 corner street", hash));
        Assert.False(Passwords.IsRight("cafe corner street", hash));
        Assert.False(Passwords.IsRight("", null));
        Assert.True(Passwords.IsOld(new PasswordHash(hash) { Iterations = 100_000 }));
    }

    private static async Task<string> RefusalAsync(HubFixture hub, string name) => (await Assert.ThrowsAsync<RpcException>(() => hub.LoginAsync(name, "not the password"))).Status.Detail;
}
