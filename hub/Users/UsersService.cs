using Grpc.Core;
using Grpc.Standard;
using SyncHub.Hub.Doors;
using SyncHub.Hub.Hq;
using SyncHub.Hub.Sync;
using SyncHub.V1;

namespace SyncHub.Hub.Users;

/// <summary>Users for HQ's admins.</summary>
internal sealed class UsersService(HubParts parts, AccessBooks books, Authority authority) : V1.Users.UsersBase
{
    /// <inheritdoc/>
    public override Task<ListUsersResponse> ListUsers(ListUsersRequest request, ServerCallContext context)
    {
        authority.Demand(context, request);
        var response = new ListUsersResponse();
        response.NextAfter = Paging.Fill(books.Users.After(request.After).Select(ToWire), request.Limit, response.Users.Add, static user => user.CalculateSize())?.Name ?? "";
        return Task.FromResult(response);
    }

    /// <inheritdoc/>
    public override async Task<User> AddUser(AddUserRequest request, ServerCallContext context)
    {
        var call = authority.Demand(context, request);
        if (UserBook.FindNameFault(request.Name) is { } fault)
        {
            throw RpcFault.Of(StatusCode.InvalidArgument, Reason.FieldInvalid, fault);
        }

        DemandRole(call, request.Role, request.Stores);
        if (request.Role != Role.Cashier || request.Password.Length > 0)
        {
            AccessService.DemandFit(request.Name, request.Password);
        }

        call.Detail = $"{request.Name} as {request.Role}";
        var password = request.Password.Length == 0 ? null : Passwords.Hash(request.Password);
        var added = await books.Users.ChangeAsync(request.Name, known => known is not null ? null : new UserDocument
        {
            Name = request.Name,
            Role = request.Role,
            Stores = { request.Stores.Distinct().Order() },
            CreatedAtMs = parts.NowMs(),
            CreatedBy = call.Caller.Name,
            Password = password,
        }).ConfigureAwait(false);
        return added is null ? throw RpcFault.Of(StatusCode.AlreadyExists, Reason.UserExists, "There is a user of that name. Names are not told apart by case.") : UserBook.ToWire(added);
    }

    /// <inheritdoc/>
    public override Task<User> ChangeUser(ChangeUserRequest request, ServerCallContext context)
    {
        var call = authority.Demand(context, request);
        DemandRole(call, request.Role, request.Stores);
        DemandOther(call, request.Name);
        call.Detail = $"{request.Name} as {request.Role}{(request.Disabled ? ", disabled" : "")}";
        return ChangeAsync(request.Name, user =>
        {
            user.Role = request.Role;
            user.Disabled = request.Disabled;
            user.Stores.Clear();
            user.Stores.AddRange(request.Stores.Distinct().Order());
            user.SessionGeneration++;
        });
    }

    /// <inheritdoc/>
    public override Task<User> ResetPassword(ResetPasswordRequest request, ServerCallContext context)
    {
        var call = authority.Demand(context, request);
        AccessService.DemandFit(request.Name, request.Password);
        call.Detail = request.Name;
        var password = Passwords.Hash(request.Password);
        return ChangeAsync(request.Name, user =>
        {
            user.Password = password;
            (user.WrongTries, user.LastWrongMs) = (0, 0);
            user.SessionGeneration++;
        });
    }

    /// <inheritdoc/>
    public override Task<User> EndSessions(EndSessionsRequest request, ServerCallContext context)
    {
        authority.Demand(context, request).Detail = request.Name;
        return ChangeAsync(request.Name, user => user.SessionGeneration++);
    }

    private User ToWire(UserDocument user)
    {
        var wire = UserBook.ToWire(user);
        wire.HasPin = books.Pins.Has(user.Name);
        return wire;
    }

    private async Task<User> ChangeAsync(string name, Action<UserDocument> change)
    {
        var changed = await books.Users.ChangeAsync(name, known =>
        {
            if (known is not null)
            {
                change(known);
            }

            return known;
        }).ConfigureAwait(false);
        PolicyFrame.SendToAll(parts); // who may sign in at tills
        return changed is null ? throw RpcFault.Of(StatusCode.NotFound, Reason.UserUnknown, "There is no such user. `synchub user list` shows all.") : UserBook.ToWire(changed);
    }

    // Nobody gives what he does not have: a program that may manage users must not make itself an admin.
    private static void DemandRole(DoorCall call, Role role, Google.Protobuf.Collections.RepeatedField<int> stores)
    {
        if (!Roles.IsKnown(role) || stores.Any(store => store < 1) || (Roles.NeedsStores(role) && stores.Count == 0))
        {
            throw RpcFault.Of(StatusCode.InvalidArgument, Reason.FieldInvalid, "Give a role; store managers and cashiers need the numbers of their stores.");
        }

        if (!Roles.PermissionsOf(role).IsSubsetOf(call.Caller.Permissions))
        {
            throw RpcFault.Of(StatusCode.PermissionDenied, Reason.PermissionMissing, $"You may not make anybody {role}: that role may do what you may not.");
        }
    }

    // An admin who disables himself by mistake would need a shell on the hub's machine.
    private static void DemandOther(DoorCall call, string name)
    {
        if (!call.Caller.IsProgram && string.Equals(call.Caller.Name, name, StringComparison.OrdinalIgnoreCase))
        {
            throw RpcFault.Of(StatusCode.FailedPrecondition, Reason.OwnRole, "Nobody changes his own role. Ask another admin.");
        }
    }
}
