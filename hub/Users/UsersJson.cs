using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using SyncHub.Hub.Hq;
using SyncHub.V1;

namespace SyncHub.Hub.Users;

/// <summary>Users, cashiers' PINs and API tokens as JSON: the messages of the gRPC services, with the name or id from the path.</summary>
internal static class UsersJson
{
    /// <summary>Maps the routes.</summary>
    public static void Map(RouteGroupBuilder api, AccessService access, UsersService users, CashiersService cashiers, ApiTokensService tokens)
    {
        api.MapPost("/me/password", HqJson.Post("Access/ChangePassword", ChangePasswordRequest.Parser, static (_, _) => { }, access.ChangePassword));
        api.MapGet("/users", HqJson.Get("Users/ListUsers", static http => new ListUsersRequest { After = HqJson.TextOf(http, "after"), Limit = HqJson.NumberOf(http, "limit") }, users.ListUsers));
        api.MapPost("/users", HqJson.Post("Users/AddUser", AddUserRequest.Parser, static (_, _) => { }, users.AddUser));
        api.MapPost("/users/{id}", HqJson.Post("Users/ChangeUser", ChangeUserRequest.Parser, static (request, id) => request.Name = id, users.ChangeUser));
        api.MapPost("/users/{id}/password", HqJson.Post("Users/ResetPassword", ResetPasswordRequest.Parser, static (request, id) => request.Name = id, users.ResetPassword));
        api.MapPost("/users/{id}/end-sessions", HqJson.Post("Users/EndSessions", EndSessionsRequest.Parser, static (request, id) => request.Name = id, users.EndSessions));
        api.MapPost("/users/{id}/pin", HqJson.Post("Cashiers/SetPin", SetPinRequest.Parser, static (request, id) => request.Name = id, cashiers.SetPin));
        api.MapGet("/cashiers", HqJson.Get("Cashiers/ListCashiers", static http => new ListCashiersRequest { After = HqJson.TextOf(http, "after"), Limit = HqJson.NumberOf(http, "limit") }, cashiers.ListCashiers));
        api.MapGet("/tokens", HqJson.Get("ApiTokens/ListTokens", static http => new ListTokensRequest { After = HqJson.TextOf(http, "after"), Limit = HqJson.NumberOf(http, "limit") }, tokens.ListTokens));
        api.MapPost("/tokens", HqJson.Post("ApiTokens/AddToken", AddTokenRequest.Parser, static (_, _) => { }, tokens.AddToken));
        api.MapPost("/tokens/{id}/revoke", HqJson.Post("ApiTokens/RevokeToken", RevokeTokenRequest.Parser, static (request, id) => request.Id = id, tokens.RevokeToken));
    }
}
