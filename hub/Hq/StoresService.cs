using Grpc.Core;
using Grpc.Standard;
using Microsoft.Extensions.Logging;
using SyncHub.Core.Identity;
using SyncHub.Core.Ledger;
using SyncHub.Core.Members;
using SyncHub.Core.Primitives;
using SyncHub.Hub.Doors;
using SyncHub.Hub.Stores;
using SyncHub.Hub.Sync;
using SyncHub.Protos.Trust;
using SyncHub.V1;
using LifeStatus = SyncHub.Core.Identity.LifeStatus;
using StoreKeyStatus = SyncHub.Hub.Stores.StoreKeyStatus;

namespace SyncHub.Hub.Hq;

/// <summary>Stores for HQ: enrolment codes, and how each store is right now.</summary>
internal sealed class StoresService(HubParts parts, Authority authority) : V1.Stores.StoresBase
{
    /// <inheritdoc/>
    public override async Task<CreateStoreResponse> CreateStore(CreateStoreRequest request, ServerCallContext context)
    {
        CallOf(request, request.Store, context);
        if (request.Store < 0 || request.Name.Length > 100)
        {
            throw RpcFault.Of(StatusCode.InvalidArgument, Reason.FieldInvalid, "A store number must not be negative; a name has at most 100 characters.");
        }

        if (parts.Stores.Find(new StoreId(request.Store)) is { IsEnrolled: true })
        {
            throw RpcFault.Of(StatusCode.AlreadyExists, Reason.StoreHasAgent, $"Store {request.Store} has an agent. Where its machine is lost: `synchub store replace`.");
        }

        var (store, code) = parts.Stores.Create(new StoreId(request.Store), request.Name);
        var durable = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        parts.Pipeline.Submit(new Storage.JournalBatch(), null, () => durable.TrySetResult());
        await durable.Task.WaitAsync(context.CancellationToken).ConfigureAwait(false);
        return Print(store, code);
    }

    /// <inheritdoc/>
    public override async Task<CreateStoreResponse> ReplaceAgent(ReplaceAgentRequest request, ServerCallContext context)
    {
        request.Approver = CallOf(request, request.Store, context).NameFor(request.Approver);
        DemandName("approver", request.Approver);
        var (store, code) = parts.Stores.Create(DemandEnrolled(request.Store).Id, "");
        await DurableAsync(context.CancellationToken).ConfigureAwait(false);
        parts.Log.LogWarning("A new machine for store {Store} was approved by {Approver}", store.Id, request.Approver);
        return Print(store, code);
    }

    /// <inheritdoc/>
    public override async Task<CreateStoreResponse> RenewCertificate(RenewCertificateRequest request, ServerCallContext context)
    {
        request.Approver = CallOf(request, request.Store, context).NameFor(request.Approver);
        DemandName("approver", request.Approver);
        DemandCertificates();
        var (store, code) = parts.Stores.Create(DemandEnrolled(request.Store).Id, "", renews: true);
        await DurableAsync(context.CancellationToken).ConfigureAwait(false);
        parts.Log.LogWarning("A new key for the machine of store {Store} was approved by {Approver}", store.Id, request.Approver);
        return Print(store, code);
    }

    /// <inheritdoc/>
    public override async Task<StoreState> RevokeCertificate(RevokeCertificateRequest request, ServerCallContext context)
    {
        request.Approver = CallOf(request, request.Store, context).NameFor(request.Approver);
        DemandName("approver", request.Approver);
        DemandCertificates();
        var store = DemandEnrolled(request.Store);
        parts.Stores.Update(store.Id, known => ShutOut(known, request.Approver));
        CutOff(store.Id);
        await DurableAsync(context.CancellationToken).ConfigureAwait(false);
        parts.Log.LogWarning("The certificates of store {Store} were revoked by {Approver}", store.Id, request.Approver);
        return StateOf(parts.Stores.Find(store.Id)!);
    }

    /// <inheritdoc/>
    public override async Task<StoreState> ReleaseQuarantine(ReleaseQuarantineRequest request, ServerCallContext context)
    {
        request.Approver = CallOf(request, request.Store, context).NameFor(request.Approver);
        DemandName("approver", request.Approver);
        var store = DemandEnrolled(request.Store);
        parts.Stores.Update(store.Id, known => known with { Lives = known.Lives.Revoke(known.Lives.Current) });
        await DurableAsync(context.CancellationToken).ConfigureAwait(false);
        parts.Links.Find(store.Id)?.Cut();
        parts.Log.LogWarning("The life of store {Store} was ended by {Approver}; the machine that asks next goes on as this store", store.Id, request.Approver);
        return StateOf(parts.Stores.Find(store.Id)!);
    }

    /// <inheritdoc/>
    public override async Task<ReclaimResponse> Reclaim(ReclaimRequest request, ServerCallContext context)
    {
        var call = CallOf(request, request.Store, context);
        request.Approver = call.RequestedBy.Length > 0 ? $"{call.Caller.Name} for {call.RequestedBy}" : call.NameFor(request.Approver);
        if (!parts.OnePersonIsEnough && call.RequestedBy.Length == 0) // the hub of the first cell says who asked, where two have decided
        {
            throw RpcFault.Of(StatusCode.FailedPrecondition, Reason.SecondPersonNeeded, "A reclaim needs two people. Ask for it (`synchub store reclaim N --ask REASON`); another one approves it (`synchub approval approve ID`).");
        }

        return await ReclaimAsync(request, context.CancellationToken).ConfigureAwait(false);
    }

    /// <summary>A reclaim that was approved as the chain wants it.</summary>
    /// <exception cref="RpcException">INVALID_ARGUMENT or NOT_FOUND.</exception>
    public async Task<ReclaimResponse> ReclaimAsync(ReclaimRequest request, CancellationToken cancellation)
    {
        var (store, payer) = DemandReclaimable(request);
        var (amount, members) = await ReclaimAsync(store, request, payer, cancellation).ConfigureAwait(false);
        parts.Log.LogWarning("{Amount} of {Members} members were reclaimed from store {Store}: approved by {Approver}, borne by {Payer}", amount, members, store.Id, request.Approver, payer);
        return new ReclaimResponse { ReclaimedMinor = amount, Members = members };
    }

    /// <summary>Whether a reclaim makes sense.</summary>
    /// <exception cref="RpcException">INVALID_ARGUMENT or NOT_FOUND.</exception>
    public (Store Store, string Payer) DemandReclaimable(ReclaimRequest request)
    {
        DemandName("approver", request.Approver);
        var store = DemandEnrolled(request.Store);
        var payer = request.Payer.Length == 0 ? Accounts.Loss(store.Id) : request.Payer;
        return Accounts.IsPayer(payer) ? (store, payer)
            : throw RpcFault.Of(StatusCode.InvalidArgument, Reason.FieldInvalid, "payer must be an account whose name ends in /loss, of lower-case letters, digits, - and /, at most 60 characters: for example hq/loss.");
    }

    /// <inheritdoc/>
    public override Task<ListStoresResponse> ListStores(ListStoresRequest request, ServerCallContext context)
    {
        authority.Demand(context, request);
        var response = new ListStoresResponse
        {
            JournalPosition = parts.Pipeline.ReleasedPosition,
            ActiveGrains = parts.Grains.Inboxes.Sum(inbox => (long)inbox.ActiveGrains),
            AppliedOps = parts.Router.AppliedOps,
            LiveRevokes = parts.Router.LiveRevokes,
        };
        var stores = parts.Stores.All().Where(store => store.Id.Value > request.After && (DoorCall.Current?.Caller.MaySee(store.Id.Value) ?? true)).Select(StateOf);
        response.NextAfter = Paging.Fill(stores, request.Limit, response.Stores.Add, static state => state.CalculateSize())?.Store ?? 0;
        return Task.FromResult(response);
    }

    private DoorCall CallOf(Google.Protobuf.IMessage request, int store, ServerCallContext context)
    {
        var call = authority.Demand(context, request);
        call.Store = store;
        return call;
    }

    private StoreState StateOf(Store store)
    {
        var state = new StoreState
        {
            Store = store.Id.Value,
            Name = store.Name,
            Enrolled = store.IsEnrolled,
            Incarnation = store.Incarnation.Value,
            ExposureMinor = parts.Stores.ExposureOf(store.Id).MoneyMinor,
            CreditExposureMinor = parts.Stores.ExposureOf(store.Id).CreditMinor,
            FloorExposureMinor = parts.Stores.ExposureOf(store.Id).FloorMinor,
        };
        if (store.Keys.LastOrDefault(key => key.Status != StoreKeyStatus.Issued) is { } key)
        {
            state.CertificateValidUntilMs = key.ValidUntilMs;
            state.Certificate = !key.MaySpeak ? CertificateState.Revoked : key.ValidUntilMs < parts.NowMs() ? CertificateState.Expired : CertificateState.Valid;
        }

        state.Reconciling = store.IsReconciling;
        state.Lives.AddRange(store.Lives.All.Select(life => StoreCodec.ToWire(life, withKeys: false)));
        if (parts.Links.Find(store.Id) is { } link)
        {
            var heartbeat = link.Heartbeat;
            state.Online = link.IsOnline;
            state.SinceMs = link.SinceMs;
            state.TipSequence = heartbeat.TipSequence;
            state.CommittedSequence = link.CommittedSequence;
            state.BacklogOps = Math.Max(0, heartbeat.TipSequence - link.CommittedSequence);
            state.FeedPosition = heartbeat.FeedPosition;
            state.ClockSkewMs = link.ClockSkewMs;
            state.Quarantine = link.Quarantine;
        }

        return state;
    }

    private async Task<(long Amount, long Members)> ReclaimAsync(Store store, ReclaimRequest request, string payer, CancellationToken cancellation)
    {
        if (request.MemberId.Length > 0)
        {
            var member = MemberReading.Parse(request.MemberId);
            long one = 0;
            foreach (var life in store.Lives.All.Where(life => IsReclaimed(life, request)))
            {
                one += await ReclaimAsync(member, new Holder(store.Id, life.Number), payer, request.Approver, cancellation).ConfigureAwait(false);
            }

            return (one, 1);
        }

        // 1. The machine is the store no more, and none of these lives is granted anything. 2. What each of them holds is taken, member by member.
        var lives = store.Lives.All.Where(life => IsReclaimed(life, request)).Select(life => life.Number).ToArray();
        parts.Stores.Update(store.Id, known => (request.OnlyDeadLives ? known : ShutOut(known, request.Approver)) with
        {
            IsReconciling = known.IsReconciling && request.OnlyDeadLives, // else nobody is left to be heard out
            Lives = lives.Select(number => known.Lives.Find(number)!).Aggregate(known.Lives, (all, life) =>
                all.Put(life with { Status = LifeStatus.Dead, Release = Core.Identity.ReleaseKind.Reclaimed, IsReleased = false, Payer = payer, Approver = request.Approver })),
        });
        if (!request.OnlyDeadLives)
        {
            CutOff(store.Id);
        }

        await DurableAsync(cancellation).ConfigureAwait(false);
        if (store.IsReconciling)
        {
            Reconciliation.MendWhenOver(parts);
        }

        long amount = 0, members = 0;
        foreach (var number in lives)
        {
            var done = new TaskCompletionSource<(long, long)>(TaskCreationOptions.RunContinuationsAsynchronously);
            parts.Releases.Start(store.Id, number, (released, seen) => done.TrySetResult((released, seen)));
            var (released, seen) = await done.Task.WaitAsync(cancellation).ConfigureAwait(false);
            amount += released;
            members = Math.Max(members, seen);
        }

        return (amount, members);
    }

    // A code that waits would undo it.
    private Store ShutOut(Store store, string by) => store with { Keys = StoreKeys.Revoke(store.Keys, parts.NowMs(), by), CodeHash = default, CodeValidUntilMs = 0 };

    private void CutOff(StoreId store)
    {
        parts.Streams.End(store);
        parts.Links.Find(store)?.Cut();
    }

    private async Task<long> ReclaimAsync(MemberId member, Holder holder, string payer, string approver, CancellationToken cancellation)
    {
        var view = await parts.Grains.AskAsync(member, reply => new StateWanted(reply), cancellation).ConfigureAwait(false);
        var held = view.Buckets.Where(bucket => bucket.Bucket.IsMoney).SelectMany(bucket => bucket.Lines).Where(line => line.Holder == holder).Sum(line => line.Outstanding);
        await parts.Grains.AskAsync(member, reply => new ReleaseWanted(holder, Core.Identity.ReleaseKind.Reclaimed, payer, approver, reply), cancellation).ConfigureAwait(false);
        return held;
    }

    private static bool IsReclaimed(Core.Identity.Life life, ReclaimRequest request) =>
        life.Status == LifeStatus.Dead || (life.Status == LifeStatus.Living && !request.OnlyDeadLives);

    private Store DemandEnrolled(int store) => parts.Stores.Find(new StoreId(store)) is { IsEnrolled: true } known ? known
        : throw RpcFault.Of(StatusCode.NotFound, Reason.StoreUnknown, $"Store {store} has no agent. `synchub store list` shows all stores.");

    private CreateStoreResponse Print(Store store, string code) => new()
    {
        Store = store.Id.Value,
        EnrolmentCode = new EnrolmentCode(code, parts.Certificates?.Fingerprint ?? "").ToString(),
        CodeValidUntilMs = store.CodeValidUntilMs,
    };

    private void DemandCertificates()
    {
        if (parts.Certificates is null)
        {
            throw RpcFault.Of(StatusCode.FailedPrecondition, Reason.NoCertificates, "This hub runs with --insecure-loopback and has no certificates.");
        }
    }

    private static void DemandName(string field, string value)
    {
        if (value.Length is 0 or > 64)
        {
            throw RpcFault.Of(StatusCode.InvalidArgument, Reason.FieldInvalid, $"{field} is missing or longer than 64 characters: say who decides this.");
        }
    }

    private async Task DurableAsync(CancellationToken cancellation)
    {
        var durable = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        parts.Pipeline.Submit(new Storage.JournalBatch(), null, () => durable.TrySetResult());
        await durable.Task.WaitAsync(cancellation).ConfigureAwait(false);
    }
}
