using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using SyncHub.Hub.Approving;
using SyncHub.Hub.Auditing;
using SyncHub.Hub.Cases;
using SyncHub.Hub.Cells;
using SyncHub.Hub.Hq;
using SyncHub.Hub.Users;

namespace SyncHub.Hub;

/// <summary>The JSON doors: each method that programs of HQ reach by gRPC, from the same handlers.</summary>
internal static class HubJson
{
    /// <summary>Maps all routes.</summary>
    public static void Map(WebApplication web)
    {
        T Of<T>()
            where T : notnull => web.Services.GetRequiredService<T>();

        var api = JsonApi.Map(web, Of<ChainStores>(), Of<ChainMembers>(), Of<ChainWallets>());
        AccessJson.Map(api, Of<AccessService>(), Of<AuditTrailService>());
        ReceiptsService.Map(api, Of<ChainReceipts>());
        MembersJson.Map(api, Of<ChainMembers>(), Of<ChainCredits>());
        StoresJson.Map(api, Of<ChainStores>(), Of<ChainHubs>(), Of<ChainWallets>());
        CasesJson.Map(api, Of<ChainCases>());
        ApprovalsJson.Map(api, Of<ChainApprovals>());
        UsersJson.Map(api, Of<AccessService>(), Of<UsersService>(), Of<CashiersService>(), Of<ApiTokensService>());
    }
}
