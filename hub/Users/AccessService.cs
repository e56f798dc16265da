using Grpc.Core;
using Grpc.Standard;
using Microsoft.Extensions.Logging;
using SyncHub.Hub.Doors;
using SyncHub.V1;

namespace SyncHub.Hub.Users;

/// <summary>Signing in and out.</summary>
/// <remarks>
/// A wrong name takes as long as a wrong password and gives the same answer. Each try is counted, durably for a user, before it is looked at,
/// so that neither a restart nor many tries at once give more of them.
/// </remarks>
internal sealed class AccessService(HubParts parts, AccessBooks books, Authority authority) : Access.AccessBase
{
    private const string Wrong = "The name or the password is wrong.";
    private const string LoginDoor = "Access/Login";

    /// <inheritdoc/>
    public override Task<LoginResponse> Login(LoginRequest request, ServerCallContext context)
    {
        Authority.DemandText(request);
        return LoginAsync(request, DoorGuard.AddressOf(context.GetHttpContext()));
    }

    /// <inheritdoc/>
    public override async Task<LogoutResponse> Logout(LogoutRequest request, ServerCallContext context)
    {
        await LogoutAsync(authority.Demand(context, request)).ConfigureAwait(false);
        return new LogoutResponse();
    }

    /// <inheritdoc/>
    public override Task<Identity> WhoAmI(WhoAmIRequest request, ServerCallContext context) => Task.FromResult(IdentityOf(authority.Demand(context, request).Caller));

    /// <inheritdoc/>
    public override async Task<LoginResponse> ChangePassword(ChangePasswordRequest request, ServerCallContext context)
    {
        var call = authority.Demand(context, request);
        if (call.Caller.IsProgram)
        {
            throw RpcFault.Of(StatusCode.FailedPrecondition, Reason.NoPassword, "A program has no password. Revoke its token and add another.");
        }

        DemandFit(call.Caller.Name, request.NewPassword);
        var user = await BeginAsync(call.Caller.Name).ConfigureAwait(false);
        if (!await books.CheckAsync(request.OldPassword, user?.Password).ConfigureAwait(false))
        {
            throw RpcFault.Of(StatusCode.Unauthenticated, Reason.CredentialsWrong, "The old password is wrong.");
        }

        return await SignInAsync(call.Caller.Name, call.From, call.TakeAct(), changed =>
        {
            changed.Password = Passwords.Hash(request.NewPassword);
            changed.SessionGeneration++;
        }).ConfigureAwait(false);
    }

    /// <summary>Signs a person in; also what the JSON door answers.</summary>
    /// <exception cref="RpcException">UNAUTHENTICATED, or RESOURCE_EXHAUSTED after too many wrong tries.</exception>
    public async Task<LoginResponse> LoginAsync(LoginRequest request, string from)
    {
        await books.TakeInSeedsAsync().ConfigureAwait(false);
        DemandPatience(books.Tries.TakeOfAddress(from));
        var user = await BeginAsync(request.User).ConfigureAwait(false);
        if (request.Password.Length > Passwords.Longest || !await books.CheckAsync(request.Password, user is { Disabled: false } ? user.Password : null).ConfigureAwait(false))
        {
            parts.Log.LogWarning("A sign-in from {Address} was refused", from);
            // A name that nobody has is not written down: people type their passwords there.
            await parts.Pipeline.CommitAsync(new Storage.JournalBatch(), user is not null ? Entry(user.Name, from, "wrong password") : new AuditEntry { AtMs = parts.NowMs(), Who = "nobody", What = LoginDoor, From = from, Outcome = "wrong name" }).ConfigureAwait(false);

            throw RpcFault.Of(StatusCode.Unauthenticated, Reason.CredentialsWrong, Wrong);
        }

        books.Tries.Forget(from);
        return await SignInAsync(user!.Name, from, Entry(user.Name, from, "done"), changed =>
        {
            if (Passwords.IsOld(changed.Password))
            {
                changed.Password = Passwords.Hash(request.Password);
            }
        }).ConfigureAwait(false);
    }

    /// <summary>Ends the session of a call.</summary>
    public async Task LogoutAsync(DoorCall call)
    {
        if (!call.Caller.IsProgram)
        {
            await books.Sessions.EndAsync(call.Caller.Key).ConfigureAwait(false);
        }
    }

    /// <summary>A caller as it sees itself.</summary>
    public static Identity IdentityOf(Caller caller)
    {
        var identity = new Identity { Name = caller.Name, IsProgram = caller.IsProgram, Role = caller.Role };
        identity.Permissions.AddRange(caller.Permissions.Order());
        identity.Stores.AddRange(caller.Stores);
        return identity;
    }

    /// <summary>Lets only passwords through that may be used.</summary>
    /// <exception cref="RpcException">INVALID_ARGUMENT.</exception>
    public static void DemandFit(string user, string password)
    {
        if (Passwords.FindFault(user, password) is { } fault)
        {
            throw RpcFault.Of(StatusCode.InvalidArgument, Reason.FieldInvalid, fault);
        }
    }

    // Counts the try, then tells who it is.
    private async Task<UserDocument?> BeginAsync(string name)
    {
        var now = parts.NowMs();
        long waitUntil = 0;
        var user = UserBook.FindNameFault(name) is not null ? null : await books.Users.ChangeAsync(name, known =>
        {
            waitUntil = known is null ? 0 : TryLimit.LockedUntilMs(known.WrongTries, known.LastWrongMs);
            if (known is null || waitUntil > now)
            {
                return null;
            }

            (known.WrongTries, known.LastWrongMs) = (known.WrongTries + 1, now);
            return known;
        }).ConfigureAwait(false);
        if (user is null && waitUntil == 0)
        {
            DemandPatience(books.Tries.TakeOfName(name.ToLowerInvariant()));
            await books.Users.CountNobodyAsync(now).ConfigureAwait(false);
            return null;
        }

        DemandPatience(waitUntil);
        return user;
    }

    private async Task<LoginResponse> SignInAsync(string name, string from, AuditEntry? act, Action<UserDocument> change)
    {
        var secret = "";
        var user = await books.Users.ChangeAsync(name, known =>
        {
            if (known is not { Disabled: false })
            {
                return null;
            }

            (known.WrongTries, known.LastWrongMs, known.LastLoginMs) = (0, 0, parts.NowMs());
            change(known);
            return known;
        }, (batch, known) => secret = books.Sessions.Open(batch, known, from), act).ConfigureAwait(false)
            ?? throw RpcFault.Of(StatusCode.Unauthenticated, Reason.CredentialsWrong, Wrong); // disabled meanwhile
        return new LoginResponse
        {
            Token = secret,
            Identity = IdentityOf(UserBook.ToCaller(user, [])),
            ExpiresAtMs = user.LastLoginMs + SessionBook.LifeMs,
            IdleMs = SessionBook.IdleMs,
        };
    }

    private AuditEntry Entry(string name, string from, string outcome) =>
        new() { AtMs = parts.NowMs(), Who = "user " + name, What = LoginDoor, From = from, Outcome = outcome };

    private void DemandPatience(long untilMs)
    {
        var waitMs = untilMs - parts.NowMs();
        if (untilMs > 0 && waitMs > 0)
        {
            throw RpcFault.Of(StatusCode.ResourceExhausted, Reason.TooManyTries, $"Too many wrong tries. Try again in {(waitMs + 999) / 1000} s.", TimeSpan.FromMilliseconds(waitMs));
        }
    }
}
