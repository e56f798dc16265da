using System.Security.Cryptography;
using Grpc.Core;
using Grpc.Standard;
using SyncHub.Hub.Hq;
using SyncHub.V1;

namespace SyncHub.Hub.Users;

/// <summary>API tokens for HQ's admins.</summary>
internal sealed class ApiTokensService(HubParts parts, AccessBooks books, Authority authority) : ApiTokens.ApiTokensBase
{
    private const string IdAlphabet = "abcdefghjkmnpqrstuvwxyz23456789";
    private const int IdLength = 10;

    /// <summary>A name for a token that is no secret.</summary>
    public static string NewId() => RandomNumberGenerator.GetString(IdAlphabet, IdLength);

    /// <inheritdoc/>
    public override Task<ListTokensResponse> ListTokens(ListTokensRequest request, ServerCallContext context)
    {
        authority.Demand(context, request);
        var response = new ListTokensResponse();
        var all = books.Tokens.All();
        var from = request.After.Length == 0 ? 0 : all.TakeWhile(token => token.Id != request.After).Count() + 1;
        if (from > all.Count)
        {
            throw RpcFault.Of(StatusCode.InvalidArgument, Reason.FieldInvalid, "after must be the next_after of the page before.");
        }

        response.NextAfter = Paging.Fill(all.Skip(from), request.Limit, response.Tokens.Add, static token => token.CalculateSize())?.Id ?? "";
        return Task.FromResult(response);
    }

    /// <inheritdoc/>
    public override async Task<AddTokenResponse> AddToken(AddTokenRequest request, ServerCallContext context)
    {
        var call = authority.Demand(context, request);
        var now = parts.NowMs();
        if (UserBook.FindNameFault(request.Name) is { } fault)
        {
            throw RpcFault.Of(StatusCode.InvalidArgument, Reason.FieldInvalid, fault);
        }

        if (request.Permissions.Count == 0 || request.Permissions.Any(permission => permission == Permission.Unspecified || !Enum.IsDefined(permission)) || request.Stores.Any(store => store < 1)
            || (request.ExpiresAtMs != 0 && request.ExpiresAtMs <= now))
        {
            throw RpcFault.Of(StatusCode.InvalidArgument, Reason.FieldInvalid, "Give one or more known permissions; an end, if any, in the future; stores by number.");
        }

        if (!request.Permissions.All(call.Caller.Permissions.Contains))
        {
            throw RpcFault.Of(StatusCode.PermissionDenied, Reason.PermissionMissing, "A token may do nothing that you may not do yourself.");
        }

        var token = new ApiToken { Id = NewId(), Name = request.Name, CreatedAtMs = now, CreatedBy = call.Caller.Name, ExpiresAtMs = request.ExpiresAtMs };
        token.Permissions.AddRange(request.Permissions.Distinct().Order());
        token.Stores.AddRange(request.Stores.Distinct().Order());
        call.Detail = $"{token.Name} {token.Id}";
        return new AddTokenResponse { Token = token, Secret = await books.Tokens.AddAsync(token).ConfigureAwait(false) };
    }

    /// <inheritdoc/>
    public override async Task<ApiToken> RevokeToken(RevokeTokenRequest request, ServerCallContext context)
    {
        authority.Demand(context, request).Detail = request.Id;
        return await books.Tokens.RevokeAsync(request.Id).ConfigureAwait(false)
            ?? throw RpcFault.Of(StatusCode.NotFound, Reason.TokenUnknown, "There is no such token. `synchub token list` shows all with their ids.");
    }
}
