using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SyncHub.V1;

namespace SyncHub.Hub.Hq;

/// <summary>What HQ does to stores, as JSON: the messages of the gRPC service, with the store from the path.</summary>
internal static class StoresJson
{
    /// <summary>Maps the routes.</summary>
    public static void Map(RouteGroupBuilder api, V1.Stores.StoresBase stores, V1.Hubs.HubsBase hubs, Wallets.WalletsBase wallets)
    {
        api.MapPost("/stores", HqJson.Post("Stores/CreateStore", CreateStoreRequest.Parser, static (_, _) => { }, stores.CreateStore));
        api.MapPost("/stores/{id}/replace", HqJson.Post("Stores/ReplaceAgent", ReplaceAgentRequest.Parser, static (request, id) => request.Store = HqJson.StoreOf(id), stores.ReplaceAgent));
        api.MapPost("/stores/{id}/renew", HqJson.Post("Stores/RenewCertificate", RenewCertificateRequest.Parser, static (request, id) => request.Store = HqJson.StoreOf(id), stores.RenewCertificate));
        api.MapPost("/stores/{id}/revoke", HqJson.Post("Stores/RevokeCertificate", RevokeCertificateRequest.Parser, static (request, id) => request.Store = HqJson.StoreOf(id), stores.RevokeCertificate));
        api.MapPost("/stores/{id}/release", HqJson.Post("Stores/ReleaseQuarantine", ReleaseQuarantineRequest.Parser, static (request, id) => request.Store = HqJson.StoreOf(id), stores.ReleaseQuarantine));
        api.MapPost("/stores/{id}/reclaim", HqJson.Post("Stores/Reclaim", ReclaimRequest.Parser, static (request, id) => request.Store = HqJson.StoreOf(id), stores.Reclaim));
        api.MapPost("/hubs/revoke-keys", HqJson.Post("Hubs/RevokeKeys", RevokeKeysRequest.Parser, static (_, _) => { }, hubs.RevokeKeys));
        api.MapGet("/wallets/{id}/entries", (HttpRequest http, string id, long? from, int? limit) => HqJson.AnswerAsync(() => ListAsync(wallets, new ListEntriesRequest { MemberId = id, FromVersion = from ?? 0, Limit = limit ?? 0 }, http.HttpContext)));
    }

    private static async Task<WalletEntries> ListAsync(Wallets.WalletsBase wallets, ListEntriesRequest request, HttpContext http)
    {
        var listed = new WalletEntries();
        await wallets.ListEntries(request, new Gathered<WalletEntry>(listed.Entries.Add), new JsonCallContext(http, "Wallets/ListEntries")).ConfigureAwait(false);
        listed.NextFrom = listed.Entries.Count == WalletsService.PageOf(request.Limit) ? listed.Entries[^1].Version + 1 : 0;
        return listed;
    }
}
