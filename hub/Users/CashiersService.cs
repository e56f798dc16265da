using Grpc.Core;
using Grpc.Standard;
using SyncHub.Hub.Doors;
using SyncHub.Hub.Hq;
using SyncHub.Hub.Sync;
using SyncHub.Protos.Mapping;
using SyncHub.V1;
using Caller = SyncHub.Hub.Doors.Caller;

namespace SyncHub.Hub.Users;

/// <summary>Cashiers' PINs for HQ's admins, and for store managers the PINs of their own stores' cashiers.</summary>
internal sealed class CashiersService(HubParts parts, AccessBooks books, Authority authority) : V1.Cashiers.CashiersBase
{
    /// <inheritdoc/>
    public override Task<ListUsersResponse> ListCashiers(ListCashiersRequest request, ServerCallContext context)
    {
        var call = authority.Demand(context, request);
        var response = new ListUsersResponse();
        var cashiers = books.Users.After(request.After).Where(user => IsOf(call.Caller, user)).Select(ToWire).Where(user => user.HasPin);
        response.NextAfter = Paging.Fill(cashiers, request.Limit, response.Users.Add, static user => user.CalculateSize())?.Name ?? "";
        return Task.FromResult(response);
    }

    /// <inheritdoc/>
    public override async Task<User> SetPin(SetPinRequest request, ServerCallContext context)
    {
        var call = authority.Demand(context, request);
        if (request.Pin.Length > 0 && PinCodec.FindFault(request.Pin) is { } fault)
        {
            throw RpcFault.Of(StatusCode.InvalidArgument, Reason.FieldInvalid, fault);
        }

        call.Detail = request.Pin.Length > 0 ? request.Name : request.Name + ", taken away";
        var isTheirs = false;
        var changed = await books.Users.ChangeAsync(request.Name, user =>
        {
            isTheirs = user is not null && IsOf(call.Caller, user) && MayGive(call.Caller, user);
            return isTheirs ? user : null;
        }, (batch, user) => batch.Documents.Add(books.Pins.Put(user.Name, request.Pin))).ConfigureAwait(false);
        if (changed is null)
        {
            throw RpcFault.Of(StatusCode.NotFound, Reason.UserUnknown, "There is no such user among those whose PIN you may set.");
        }

        PolicyFrame.SendToAll(parts);
        return ToWire(changed);
    }

    // A manager must not make himself a till's admin by another's PIN.
    private static bool MayGive(Caller caller, UserDocument user) => !caller.IsScoped || user.Role == Role.Cashier || string.Equals(user.Name, caller.Name, StringComparison.OrdinalIgnoreCase);

    private static bool IsOf(Caller caller, UserDocument user) => !caller.IsScoped || (user.Stores.Count > 0 && user.Stores.All(caller.MaySee));

    private User ToWire(UserDocument user)
    {
        var wire = UserBook.ToWire(user);
        wire.HasPin = books.Pins.Has(user.Name);
        return wire;
    }
}
