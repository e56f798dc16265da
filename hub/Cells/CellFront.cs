using Grpc.Core;
using SyncHub.Core.Primitives;
using SyncHub.Hub.Doors;

namespace SyncHub.Hub.Cells;

/// <summary>Where headquarters sees one chain: the hub of the first cell asks the others for what is theirs, and puts together what is everybody's.</summary>
/// <remarks>In a chain of one cell, and at the hubs of all cells but the first, everything is here.</remarks>
internal sealed class CellFront : IDisposable
{
    private readonly IReadOnlyList<CellHub> _others;

    /// <summary>A front over the hubs that the options name.</summary>
    public CellFront(HubParts parts, HubOptions options)
    {
        Here = options.Cell;
        Hubs = string.Join(';', options.CellHubs);
        _others = Here.IsShared && options.CellHubs.Count > 0 && parts.Certificates is { } authority
            ? [.. options.CellHubs.Select((hubs, place) => new CellHub(new Cell(place + 1, Here.Count), hubs.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries), authority)).Where(hub => hub.Cell != Here)]
            : [];
    }

    /// <summary>Where the hubs of each cell are, as this hub was told.</summary>
    public string Hubs { get; }

    /// <summary>The cell of this hub.</summary>
    public Cell Here { get; }

    /// <summary>Whether there is nobody else to ask.</summary>
    public bool IsAlone => _others.Count == 0;

    /// <summary>The other cells, in order.</summary>
    public IReadOnlyList<CellHub> Others => _others;

    /// <summary>Asks the cell that a member is in.</summary>
    /// <param name="member">The member's number as text; what is none is refused here.</param>
    /// <param name="request">The request.</param>
    /// <param name="context">The call.</param>
    /// <param name="here">The handler, where the member is in this cell.</param>
    /// <param name="there">The same method of another hub.</param>
    public Task<TAnswer> OfMemberAsync<TRequest, TAnswer>(string member, TRequest request, ServerCallContext context, Func<TRequest, ServerCallContext, Task<TAnswer>> here, Func<CallInvoker, TRequest, CallOptions, AsyncUnaryCall<TAnswer>> there) =>
        HubOf(member) is { } hub ? AskAsync(hub, context, (invoker, options) => there(invoker, request, options)) : here(request, context);

    /// <summary>Asks one of the others, under the caller's name.</summary>
    public static Task<TAnswer> AskAsync<TAnswer>(CellHub hub, ServerCallContext context, Func<CallInvoker, CallOptions, AsyncUnaryCall<TAnswer>> send) =>
        hub.CallAsync(HandOver(hub), context, send);

    /// <summary>Asks one of the others for a stream.</summary>
    public static Task StreamAsync<TAnswer>(CellHub hub, ServerCallContext context, Func<CallInvoker, CallOptions, AsyncServerStreamingCall<TAnswer>> send, Func<TAnswer, Task> take) =>
        hub.StreamAsync(HandOver(hub), context, send, take);

    /// <summary>Asks all cells at once; this one's answer comes first.</summary>
    /// <exception cref="RpcException">One of them refused or does not answer: a list without it would be wrong.</exception>
    public async Task<IReadOnlyList<TAnswer>> AllAsync<TRequest, TAnswer>(TRequest request, ServerCallContext context, Func<TRequest, ServerCallContext, Task<TAnswer>> here, Func<CallInvoker, TRequest, CallOptions, AsyncUnaryCall<TAnswer>> there)
        where TRequest : class, Google.Protobuf.IDeepCloneable<TRequest>
    {
        var asked = _others.Select(hub => AskAsync(hub, context, (invoker, options) => there(invoker, request.Clone(), options))).ToArray(); // handlers write into their request
        var mine = here(request.Clone(), context);
        return await Task.WhenAll([mine, .. asked]).ConfigureAwait(false);
    }

    /// <summary>Asks one cell after the other until one has what is asked for.</summary>
    /// <exception cref="RpcException">NOT_FOUND, or why one of them could not say.</exception>
    public async Task<TAnswer> WhoeverHasAsync<TRequest, TAnswer>(TRequest request, ServerCallContext context, Func<TRequest, ServerCallContext, Task<TAnswer>> here, Func<CallInvoker, TRequest, CallOptions, AsyncUnaryCall<TAnswer>> there)
        where TRequest : class, Google.Protobuf.IDeepCloneable<TRequest>
    {
        try
        {
            return await here(request.Clone(), context).ConfigureAwait(false);
        }
        catch (RpcException fault) when (fault.StatusCode == StatusCode.NotFound && !IsAlone)
        {
            for (var place = 0; ; place++)
            {
                try
                {
                    return await AskAsync(_others[place], context, (invoker, options) => there(invoker, request.Clone(), options)).ConfigureAwait(false);
                }
                catch (RpcException other) when (other.StatusCode == StatusCode.NotFound && place + 1 < _others.Count)
                {
                    // The next one.
                }
            }
        }
    }

    /// <summary>The hub of the cell that a member is in; null where that is this one, or the text is no member's number.</summary>
    public CellHub? HubOf(string member) => !IsAlone && MemberId.TryParse(member, out var id) ? HubOf(Here.NumberOf(id)) : null;

    /// <summary>The hub of a cell; null where that is this one.</summary>
    public CellHub? HubOf(int number) => _others.FirstOrDefault(hub => hub.Cell.Number == number);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var hub in _others)
        {
            hub.Dispose();
        }
    }

    // The trail of the other cell has the entry; this one's says where.
    private static DoorCall HandOver(CellHub hub)
    {
        var call = DoorCall.Current ?? throw new InvalidOperationException("Nobody made sure who calls this.");
        call.HandTo(hub.Cell.Number);
        return call;
    }
}
