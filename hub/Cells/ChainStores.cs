using Grpc.Core;
using Grpc.Standard;
using SyncHub.Hub.Doors;
using SyncHub.Hub.Hq;
using SyncHub.V1;

namespace SyncHub.Hub.Cells;

/// <summary>The stores of the whole chain. A store has a log, a certificate and rights in each cell: what is done to it is done in each, and what it holds is added up.</summary>
/// <remarks>The first cell numbers the stores. A cell that does not answer makes the whole call fail, and the call can be repeated: each cell that has done it does it again or says what it did.</remarks>
internal sealed class ChainStores(CellFront front, StoresService here) : V1.Stores.StoresBase
{
    /// <summary>Between the codes of the cells.</summary>
    private const char CodeSeparator = '+';

    /// <inheritdoc/>
    public override async Task<CreateStoreResponse> CreateStore(CreateStoreRequest request, ServerCallContext context)
    {
        var made = await here.CreateStore(request.Clone(), context).ConfigureAwait(false);
        return await CodesAsync(made, async hub =>
        {
            try
            {
                return await CellFront.AskAsync(hub, context, (invoker, options) => Client(invoker).CreateStoreAsync(new CreateStoreRequest(request) { Store = made.Store }, options)).ConfigureAwait(false);
            }
            catch (RpcException fault) when (fault.StatusCode == StatusCode.AlreadyExists)
            {
                // An enrolment that did not come to its end: this cell's part of the machine begins anew, like the first one's.
                return await ReplaceThereAsync(hub, made.Store, DoorCall.Current!.NameFor(""), context).ConfigureAwait(false);
            }
        }).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override async Task<CreateStoreResponse> ReplaceAgent(ReplaceAgentRequest request, ServerCallContext context)
    {
        var made = await here.ReplaceAgent(request.Clone(), context).ConfigureAwait(false);
        return await CodesAsync(made, async hub =>
        {
            try
            {
                return await ReplaceThereAsync(hub, made.Store, request.Approver, context).ConfigureAwait(false);
            }
            catch (RpcException fault) when (fault.StatusCode == StatusCode.NotFound)
            {
                return await CellFront.AskAsync(hub, context, (invoker, options) => Client(invoker).CreateStoreAsync(new CreateStoreRequest { Store = made.Store }, options)).ConfigureAwait(false);
            }
        }).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override async Task<CreateStoreResponse> RenewCertificate(RenewCertificateRequest request, ServerCallContext context) =>
        await CodesAsync(await here.RenewCertificate(request.Clone(), context).ConfigureAwait(false),
            hub => CellFront.AskAsync(hub, context, (invoker, options) => Client(invoker).RenewCertificateAsync(request, options))).ConfigureAwait(false);

    /// <inheritdoc/>
    public override async Task<StoreState> RevokeCertificate(RevokeCertificateRequest request, ServerCallContext context) =>
        Join(await front.AllAsync(request, context, here.RevokeCertificate, static (invoker, asked, options) => Client(invoker).RevokeCertificateAsync(asked, options)).ConfigureAwait(false));

    /// <inheritdoc/>
    public override async Task<StoreState> ReleaseQuarantine(ReleaseQuarantineRequest request, ServerCallContext context) =>
        Join(await front.AllAsync(request, context, here.ReleaseQuarantine, static (invoker, asked, options) => Client(invoker).ReleaseQuarantineAsync(asked, options)).ConfigureAwait(false));

    /// <inheritdoc/>
    public override async Task<ReclaimResponse> Reclaim(ReclaimRequest request, ServerCallContext context)
    {
        if (request.MemberId.Length > 0)
        {
            return await front.OfMemberAsync(request.MemberId, request, context, here.Reclaim, static (invoker, asked, options) => Client(invoker).ReclaimAsync(asked, options)).ConfigureAwait(false);
        }

        return Add(await front.AllAsync(request, context, here.Reclaim, static (invoker, asked, options) => Client(invoker).ReclaimAsync(asked, options)).ConfigureAwait(false));
    }

    /// <summary>A reclaim that two people have decided.</summary>
    /// <exception cref="RpcException">INVALID_ARGUMENT, NOT_FOUND, or a cell does not answer: approving it again does the rest.</exception>
    public async Task<ReclaimResponse> ReclaimAsync(ReclaimRequest request, ServerCallContext context)
    {
        return request.MemberId.Length > 0 || front.IsAlone ? await here.ReclaimAsync(request, context.CancellationToken).ConfigureAwait(false)
            : Add(await front.AllAsync(request, context, (asked, call) => here.ReclaimAsync(asked, call.CancellationToken), static (invoker, asked, options) => Client(invoker).ReclaimAsync(asked, options)).ConfigureAwait(false));
    }

    /// <inheritdoc/>
    public override async Task<ListStoresResponse> ListStores(ListStoresRequest request, ServerCallContext context)
    {
        var all = await front.AllAsync(request, context, here.ListStores, static (invoker, asked, options) => Client(invoker).ListStoresAsync(asked, options)).ConfigureAwait(false);
        if (all.Count == 1)
        {
            return all[0];
        }

        var listed = new ListStoresResponse { JournalPosition = all.Sum(one => one.JournalPosition), ActiveGrains = all.Sum(one => one.ActiveGrains), AppliedOps = all.Sum(one => one.AppliedOps), LiveRevokes = all.Sum(one => one.LiveRevokes) };
        listed.Cells.AddRange(all.Select((one, place) => new CellState
        {
            Cell = place == 0 ? front.Here.Number : front.Others[place - 1].Cell.Number,
            JournalPosition = one.JournalPosition,
            ActiveGrains = one.ActiveGrains,
            AppliedOps = one.AppliedOps,
            LiveRevokes = one.LiveRevokes,
        }));
        var (stores, hasMore) = Paging.Join([.. all.Select(one => ((IReadOnlyList<StoreState>)one.Stores, one.NextAfter > 0))], static (one, other) => one.Store.CompareTo(other.Store));
        var last = Paging.Fill(stores.GroupBy(store => store.Store).Select(store => Join([.. store])), request.Limit, listed.Stores.Add, static state => state.CalculateSize());
        listed.NextAfter = last?.Store ?? (hasMore ? listed.Stores[^1].Store : 0);
        return listed;
    }

    // The store as it is in all cells together: online where it is in each, and the worst of what is wrong.
    private static StoreState Join(IReadOnlyList<StoreState> cells)
    {
        var all = cells[0].Clone();
        foreach (var one in cells.Skip(1))
        {
            all.Enrolled &= one.Enrolled;
            all.SinceMs = all.Online == one.Online ? Math.Max(all.SinceMs, one.SinceMs) : all.Online ? one.SinceMs : all.SinceMs;
            all.Online &= one.Online;
            all.TipSequence += one.TipSequence;
            all.CommittedSequence += one.CommittedSequence;
            all.BacklogOps += one.BacklogOps;
            all.ExposureMinor += one.ExposureMinor;
            all.CreditExposureMinor += one.CreditExposureMinor;
            all.FloorExposureMinor += one.FloorExposureMinor;
            all.ClockSkewMs = Math.Abs(one.ClockSkewMs) > Math.Abs(all.ClockSkewMs) ? one.ClockSkewMs : all.ClockSkewMs;
            all.FeedPosition += one.FeedPosition;
            all.Reconciling |= one.Reconciling;
            all.Quarantine = all.Quarantine.Length > 0 ? all.Quarantine : one.Quarantine;
            all.Lives.AddRange(one.Lives);
            all.Certificate = one.Certificate > all.Certificate ? one.Certificate : all.Certificate; // valid, expired, revoked: the larger the worse
            all.CertificateValidUntilMs = Math.Min(all.CertificateValidUntilMs, one.CertificateValidUntilMs);
        }

        return all;
    }

    // Each cell counts the members that it looked at, of its own.
    private static ReclaimResponse Add(IReadOnlyList<ReclaimResponse> cells) => new() { ReclaimedMinor = cells.Sum(one => one.ReclaimedMinor), Members = cells.Sum(one => one.Members) };

    private async Task<CreateStoreResponse> CodesAsync(CreateStoreResponse made, Func<CellHub, Task<CreateStoreResponse>> there)
    {
        made.CellHubs = front.Hubs;
        foreach (var hub in front.Others)
        {
            var one = await there(hub).ConfigureAwait(false);
            made.EnrolmentCode += CodeSeparator + one.EnrolmentCode;
            made.CodeValidUntilMs = Math.Min(made.CodeValidUntilMs, one.CodeValidUntilMs);
        }

        return made;
    }

    private static Task<CreateStoreResponse> ReplaceThereAsync(CellHub hub, int store, string approver, ServerCallContext context) =>
        CellFront.AskAsync(hub, context, (invoker, options) => Client(invoker).ReplaceAgentAsync(new ReplaceAgentRequest { Store = store, Approver = approver }, options));

    private static V1.Stores.StoresClient Client(CallInvoker invoker) => new(invoker);
}
