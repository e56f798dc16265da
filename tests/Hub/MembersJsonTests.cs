using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using SyncHub.V1;
using Xunit;

namespace SyncHub.Hub.Tests;

/// <summary>The JSON doors for members: the same handlers, refusals as statuses, nothing without the token.</summary>
public sealed class MembersJsonTests
{
    [Fact]
    public async Task A_member_is_created_found_changed_merged_and_erased_by_json()
    {
        await using var hub = await HubFixture.StartAsync();
        using var client = Client(hub);
        var first = await PostAsync(client, "members", new { profile = new { name = "Mei", phone = "5550100" } });
        var second = await PostAsync(client, "members", new { profile = new { name = "Mei again", card = "c-2" } });
        var (id, other) = (Text(first, "member_id"), Text(second, "member_id"));
        Assert.Equal(id, Text(await client.GetFromJsonAsync<JsonElement>("members?phone=5550100"), "member_id"));

        var changed = await PostAsync(client, $"members/{id}/profile", new { @operator = "kim", add_tags = new[] { "vip" }, fields = new[] { new { field = "PROFILE_FIELD_NAME", value = "Mei Lin", proved = true } } });
        Assert.Equal("Mei Lin", Text(changed.GetProperty("profile"), "name"));
        Assert.Equal("vip", changed.GetProperty("tags")[0].GetString());
        Assert.Equal("900", Text(await PostAsync(client, $"members/{id}/credit", new { limit_minor = 900 }), "credit_limit_minor"));
        Assert.Equal(id, (await PostAsync(client, $"members/{id}/floor-denied", new { denied = true })).GetProperty("member_ids")[0].GetString());

        var merged = await PostAsync(client, $"members/{other}/merge", new { survivor_id = id, @operator = "kim", reason = "twice" });
        Assert.Equal(other, merged.GetProperty("aliases")[0].GetString());
        Assert.Equal(id, Text(await client.GetFromJsonAsync<JsonElement>("members?card=c-2"), "member_id"));
        Assert.Equal(0, (await PostAsync(client, $"members/{other}/unmerge", new { @operator = "kim", reason = "two persons" })).GetProperty("aliases").GetArrayLength());
        var export = await client.GetFromJsonAsync<JsonElement>($"members/{id}/export");
        Assert.Equal("Mei Lin", Text(export.GetProperty("members")[0].GetProperty("profile"), "name"));
        Assert.Equal(["registered", "profile_changed", "credit_limit"], export.GetProperty("changes").EnumerateArray().Take(3).Select(change => Text(change, "what")));
        Assert.True(export.GetProperty("floor_denied").GetBoolean());
        Assert.True((await PostAsync(client, $"members/{other}/erase", new { @operator = "kim", reason = "asked" })).GetProperty("erased").GetBoolean());
    }

    [Fact]
    public async Task A_refusal_is_a_status_with_the_reason_and_nothing_goes_without_the_token()
    {
        await using var hub = await HubFixture.StartAsync();
        using var client = Client(hub);
        using var refused = await client.PostAsJsonAsync("members/nobody/erase", new { @operator = "kim", reason = "asked" });
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Contains("26", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using var missing = await client.GetAsync(new Uri("members?phone=1", UriKind.Relative));
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
        using var unsaid = await client.GetAsync(new Uri("members", UriKind.Relative));
        Assert.Equal(HttpStatusCode.BadRequest, unsaid.StatusCode);
        client.DefaultRequestHeaders.Authorization = AuthenticationHeaderValue.Parse((await hub.TokenAsync("desk", [Permission.MembersRead, Permission.MembersWrite])).GetValue("authorization")!);
        using var forbidden = await client.PostAsJsonAsync("members/nobody/erase", new { reason = "asked" });
        Assert.Equal(HttpStatusCode.Forbidden, forbidden.StatusCode);
        client.DefaultRequestHeaders.Authorization = null;
        using var stranger = await client.PostAsJsonAsync("members", new { profile = new { name = "Mei" } });
        Assert.Equal(HttpStatusCode.Unauthorized, stranger.StatusCode);
    }

    private static HttpClient Client(HubFixture hub) => new()
    {
        BaseAddress = new Uri($"http://127.0.0.1:{hub.HttpPort}/api/"),
        DefaultRequestHeaders = { Authorization = AuthenticationHeaderValue.Parse(hub.Admin.GetValue("authorization")!) },
    };

    private static async Task<JsonElement> PostAsync(HttpClient client, string path, object body)
    {
        using var answer = await client.PostAsJsonAsync(path, body);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, text);
        return JsonSerializer.Deserialize<JsonElement>(text);
    }

    private static string Text(JsonElement element, string name) => element.GetProperty(name).ToString();
}
