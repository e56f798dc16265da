using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using SyncHub.Agent.Engine;
using SyncHub.Protos.Mapping;

namespace SyncHub.Agent.Till;

/// <summary>Who stands behind a till's request: a session, and a second person's PIN. The engine only ever sees names that were made sure of.</summary>
/// <param name="Session">SHA-256 of the session; empty where the till showed none.</param>
/// <param name="Approver">The second person; empty: nobody.</param>
/// <param name="OrderedBy">Who ordered it at headquarters; empty where a till calls.</param>
internal readonly record struct Signed(ReadOnlyMemory<byte> Session, string? Approver, string? OrderedBy = "")
{
    /// <summary>Who is signed in, where it was looked up in the cell that knows the sessions; the session is left out then.</summary>
    public string? Cashier { get; init; }

    /// <summary>For a day close: see <see cref="TillCall.DrawerElsewhereMinor"/>.</summary>
    public long? DrawerElsewhereMinor { get; init; } = 0;
}

/// <summary>Checks cashiers' PINs, with or without the hub.</summary>
/// <remarks>
/// Thread rule: any thread. A PIN is hashed here and not in the engine, which would keep every till waiting meanwhile; two at a time, so that guesses do
/// not take the machine. Secrets are taken out of the request before it goes on: no PIN and no session is ever written or logged.
/// </remarks>
internal sealed class CashierDesk(AgentLoop loop)
{
    private const string SessionField = "session";
    private const string ApproverField = "approver";
    private const string PinField = "approver_pin";
    private const int HashesAtOnce = 2;
    private const int SessionBytes = 32;
    private readonly SemaphoreSlim _hashing = new(HashesAtOnce);

    /// <summary>Takes what proves people out of a request.</summary>
    /// <returns>Who they are, or why the request may not go on.</returns>
    public async Task<(Signed Signed, V1.Rejection? Refusal)> SignAsync(IMessage request)
    {
        var fields = request.Descriptor.Fields.InDeclarationOrder();
        var session = Take(SessionField);
        var pin = Take(PinField);
        var approver = fields.FirstOrDefault(field => field.Name == ApproverField)?.Accessor.GetValue(request) as string ?? "";
        var signed = new Signed(session.Length == 0 ? default : SHA256.HashData(Encoding.UTF8.GetBytes(session)), "");
        if (approver.Length == 0)
        {
            return (signed, null);
        }

        var (entry, refusal) = await CheckAsync(approver, pin, new PinWasRight(loop.NowMs, approver, default, ""));
        return refusal is not null ? (signed, refusal)
            : entry!.Role is V1.Role.StoreManager or V1.Role.Admin ? (signed with { Approver = entry.Name }, null)
            : (signed, new V1.Rejection { Code = V1.RejectionCode.ApprovalNeeded, Message = $"{entry.Name} is no store manager and may not approve this." });

        string Take(string name)
        {
            if (fields.FirstOrDefault(field => field.Name == name) is not { } found)
            {
                return "";
            }

            var value = (string)found.Accessor.GetValue(request);
            found.Accessor.Clear(request);
            return value;
        }
    }

    /// <summary>Signs a cashier in.</summary>
    public async Task<EngineReply> SignInAsync(V1.SignInRequest request)
    {
        var session = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SessionBytes));
        var right = new PinWasRight(loop.NowMs, request.Name, SHA256.HashData(Encoding.UTF8.GetBytes(session)), request.Terminal);
        var (entry, refusal) = await CheckAsync(request.Name, request.Pin, right);
        return new EngineReply
        {
            Answer = refusal is not null ? new V1.SignInAnswer { Rejection = refusal }
                : new V1.SignInAnswer { Session = session, Name = entry!.Name, Role = entry.Role, ExpiresAtMs = right.NowMs + CashierBook.SessionMs },
        };
    }

    /// <summary>Signs a cashier out.</summary>
    public async Task<EngineReply> SignOutAsync(Signed signed)
    {
        if (!signed.Session.IsEmpty)
        {
            await loop.AskHereAsync(new SessionEnded(loop.NowMs, signed.Session));
        }

        return new EngineReply { Answer = new V1.SignOutAnswer() };
    }

    private async Task<(V1.CashierEntry? Entry, V1.Rejection? Refusal)> CheckAsync(string name, string pin, PinWasRight right)
    {
        var begun = await loop.AskHereAsync(new PinTryBegun(loop.NowMs, name));
        if (begun.Pin is not { } given)
        {
            return (null, new V1.Rejection { Code = V1.RejectionCode.StorageUnavailable, Message = begun.Fault ?? "The agent cannot write to its disk; nobody can sign in." });
        }

        if (given.WaitUntilMs > 0)
        {
            var seconds = (given.WaitUntilMs - loop.NowMs + 999) / 1000;
            return (null, new V1.Rejection { Code = V1.RejectionCode.PinLocked, Message = string.Create(CultureInfo.InvariantCulture, $"Too many wrong PINs. Try again in {Math.Max(1, seconds)} s.") });
        }

        await _hashing.WaitAsync();
        bool isRight;
        try
        {
            isRight = await Task.Run(() => PinCodec.IsRight(pin, given.Entry, given.Pepper.Span));
        }
        finally
        {
            _hashing.Release();
        }

        if (!isRight)
        {
            return (null, new V1.Rejection { Code = V1.RejectionCode.WrongPin, Message = "The name or the PIN is wrong." });
        }

        await loop.AskHereAsync(right with { Name = given.Entry!.Name });
        return (given.Entry, null);
    }
}
