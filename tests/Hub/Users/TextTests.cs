using Grpc.Core;
using SyncHub.Protos.Mapping;
using SyncHub.Testing;
using SyncHub.V1;
using Xunit;

namespace SyncHub.Hub.Tests.Users;

/// <summary>Texts at HQ's doors are data: whatever they look like, they do no more than being stored, and what is no text is refused.</summary>
public sealed class TextTests
{
    /// <summary>What programs have been broken with: SQL, paths, markup, templates, shells, format strings.</summary>
    public static TheoryData<string> Injections =>
    [
        "'; DROP TABLE document; --", "\" OR 1=1 --", "../../../../etc/passwd", "..\\..\\windows\\win.ini", "<script>alert(1)</script>", "${jndi:ldap://x/a}", "{0}{User}{@x}",
        "$(rm -rf /)", "`id`", "%s%s%n", "|cat /etc/shadow", "=HYPERLINK(\"x\")", "😀ß漢字",
    ];

    [Theory]
    [InlineData("line\nline")]
    [InlineData("tab\there")]
    [InlineData("\u001b[2J")]
    [InlineData("\u0085")]
    [InlineData("a\u2028b")]
    [InlineData("\u202Egnp.exe")]
    [InlineData("\0")]
    public void A_text_with_control_characters_is_refused_in_whatever_field(string text)
    {
        Assert.NotNull(TextCheck.FindFault(new CreateStoreRequest { Name = text }));
        Assert.NotNull(TextCheck.FindFault(new CreateMemberRequest { Profile = new MemberProfile { Notes = text } }));
        Assert.NotNull(TextCheck.FindFault(new ChangeProfileRequest { AddTags = { "fine", text } }));
        Assert.NotNull(TextCheck.FindFault(new ChangeProfileRequest { Fields = { new FieldChange { Value = text } } }));
        Assert.NotNull(TextCheck.FindFault(new FindMemberRequest { Phone = text }));
    }

    [Fact]
    public async Task Every_text_field_of_every_method_has_a_limit()
    {
        await using var hub = await HubFixture.StartAsync();
        foreach (var method in Doors.OfHq)
        {
            foreach (var (path, request) in TextFields.Fill(method.InputType, new string('x', 20_000)))
            {
                var status = await Doors.TryAsync(hub, method, hub.Admin, request);
                Assert.Equal((path, StatusCode.InvalidArgument), (path, status.StatusCode));
                Assert.True(status.Detail.Contains("is longer than", StringComparison.Ordinal), $"{path}: {status}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Injections))]
    public async Task Hostile_text_in_every_text_field_of_every_method_breaks_nothing(string text)
    {
        await using var hub = await HubFixture.StartAsync();
        foreach (var method in Doors.OfHq.Where(method => method.Name != "Logout"))
        {
            foreach (var (path, request) in TextFields.Fill(method.InputType, text))
            {
                var status = await Doors.TryAsync(hub, method, hub.Admin, request);
                Assert.True(status.StatusCode is StatusCode.OK or StatusCode.InvalidArgument or StatusCode.NotFound or StatusCode.FailedPrecondition or StatusCode.PermissionDenied, $"{path}: {status}");
            }
        }

        var stored = await hub.Members.CreateMemberAsync(new CreateMemberRequest { Profile = new MemberProfile { Name = text, Card = "c-1" } }, hub.Admin);
        Assert.Equal(text, (await hub.Members.FindMemberAsync(new FindMemberRequest { Card = "c-1" }, hub.Admin)).Profile.Name);
        Assert.Equal(StatusCode.NotFound, (await Assert.ThrowsAsync<RpcException>(async () => await hub.Members.FindMemberAsync(new FindMemberRequest { Phone = text }, hub.Admin))).StatusCode);
    }

    [Fact]
    public void Texts_are_found_however_deep_they_lie()
    {
        var found = Doors.OfHq.SelectMany(method => TextFields.Fill(method.InputType, "x")).Select(field => field.Path).ToHashSet();
        Assert.Superset(new HashSet<string> { "CreateMemberRequest.profile.notes", "ChangeProfileRequest.add_tags", "ChangeProfileRequest.fields.value", "AskForRequest.reclaim.payer", "AskForRequest.reason" }, found);
    }
}
