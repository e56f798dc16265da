using Grpc.Core;
using Grpc.Standard;
using SyncHub.Core.Members;
using SyncHub.Core.Primitives;
using AuditEntry = SyncHub.V1.AuditEntry;

namespace SyncHub.Hub.Doors;

/// <summary>One call that was let through one of HQ's doors: who, what, from where, and what of it is recorded already.</summary>
/// <remarks>
/// It flows with the call, so that whatever the call commits carries its entry of the audit trail in the same commit, and whatever it reads of
/// a member is recorded before the answer leaves, without each method doing so. Thread-safe.
/// </remarks>
internal sealed class DoorCall(Caller caller, Door door, string from, TimeProvider time)
{
    private static readonly AsyncLocal<DoorCall?> Flowing = new();
    private readonly System.Collections.Concurrent.ConcurrentDictionary<int, bool> _handedTo = new();
    private int _recorded;

    /// <summary>The call that this code runs for; null for the hub's own work and for stores.</summary>
    public static DoorCall? Current
    {
        get => Flowing.Value;
        set => Flowing.Value = value;
    }

    /// <summary>Who.</summary>
    public Caller Caller { get; } = caller;

    /// <summary>What.</summary>
    public Door Door { get; } = door;

    /// <summary>From which address.</summary>
    public string From { get; } = from;

    /// <summary>Who asked for it, where the caller approved it as the second person.</summary>
    public string RequestedBy { get; set; } = "";

    /// <summary>Which store the call is about; 0 where none.</summary>
    public int Store { get; set; }

    /// <summary>Which member the call is about, where what it commits does not say so; none: default.</summary>
    public MemberId Member { get; set; }

    /// <summary>More of what it is about, without personal data.</summary>
    public string Detail { get; set; } = "";

    /// <summary>The cells whose hubs were asked for this call, besides this one; empty where none was.</summary>
    public IReadOnlyCollection<int> HandedTo => _handedTo.Keys.ToArray();

    /// <summary>The hub of another cell is asked.</summary>
    public void HandTo(int cell) => _handedTo[cell] = true;

    /// <summary>Whether the trail has an entry of this call.</summary>
    public bool IsRecorded => Volatile.Read(ref _recorded) != 0;

    /// <summary>The entry of an act for the commit at hand; null where the call is no act, or one about no member was written before.</summary>
    public AuditEntry? TakeAct(MemberId member = default)
    {
        if (Door.Kind != DoorKind.Act || (Interlocked.Exchange(ref _recorded, 1) != 0 && member == default))
        {
            return null;
        }

        return Entry("done", member);
    }

    /// <summary>The entry of a member's data that were read; null where the call reads none of a person.</summary>
    /// <exception cref="RpcException">NOT_FOUND: the member is none of the caller's stores' business.</exception>
    public AuditEntry? TakeRead(MemberView view)
    {
        if (Door.Kind != DoorKind.PersonalRead)
        {
            return null;
        }

        DemandMember(view);
        Volatile.Write(ref _recorded, 1);
        return Entry(Caller.SeesPersonalData ? "read" : "read masked", view.Id);
    }

    /// <summary>An entry with an outcome.</summary>
    public AuditEntry Entry(string outcome, MemberId member = default) => new()
    {
        AtMs = time.GetUtcNow().ToUnixTimeMilliseconds(),
        Who = Caller.Who,
        RequestedBy = RequestedBy,
        What = Door.What,
        MemberId = (member == default ? Member : member) is var about && about == default ? "" : about.ToString(),
        Store = Store,
        From = From,
        Outcome = outcome,
        Detail = Detail,
    };

    /// <summary>The name that an act carries: a person's own; a program may say for whom it acts.</summary>
    public string NameFor(string claimed) => Caller.IsProgram && claimed.Length > 0 ? claimed : Caller.Name;

    /// <summary>Lets only callers on whose list the store is.</summary>
    /// <exception cref="RpcException">PERMISSION_DENIED.</exception>
    public void DemandStore(int store)
    {
        if (!Caller.MaySee(store))
        {
            throw RpcFault.Of(StatusCode.PermissionDenied, Reason.StoreNotYours, $"Store {store} is not one of yours.");
        }
    }

    // A caller with a list of stores reads only members who are at home at one of them, or were there.
    private void DemandMember(MemberView view)
    {
        if (Caller.IsScoped && !Caller.MaySee(view.Profile.HomeStore.Value) && !view.Applied.Any(op => Caller.MaySee(op.Holder.Store.Value)))
        {
            throw RpcFault.Of(StatusCode.NotFound, Reason.MemberUnknown, "None of your stores knows such a member.");
        }
    }
}
