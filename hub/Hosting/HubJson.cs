using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using SyncHub.Hub.Approving;
using SyncHub.Hub.Auditing;
using SyncHub.Hub.Cases;
using SyncHub.Hub.Hq;
using SyncHub.Hub.OnAccount;
using SyncHub.Hub.Users;

namespace SyncHub.Hub;

/// <summary>The JSON doors: each method that programs of HQ reach by gRPC, from the same handlers.</summary>
internal static class HubJson
{
    /// <summary>Maps all routes.</summary>
    public static void Map(WebApplication web, HubParts parts)
    {
        T Of<T>()
            where T : notnull => web.Services.GetRequiredService<T>();

        var api = JsonApi.Map(web, parts, Of<StoresService>());
        AccessJson.Map(api, Of<AccessService>(), Of<AuditTrailService>());
        ReceiptsService.Map(api, parts);
        MembersJson.Map(api, Of<MembersService>(), Of<CreditService>());
        StoresJson.Map(api, Of<StoresService>(), Of<WalletsService>());
        CasesJson.Map(api, Of<CasesService>());
        ApprovalsJson.Map(api, Of<ApprovalsService>());
        UsersJson.Map(api, Of<AccessService>(), Of<UsersService>(), Of<CashiersService>(), Of<ApiTokensService>());
    }
}
