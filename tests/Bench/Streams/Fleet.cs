using System.Globalization;
using SyncHub.Core.Primitives;

namespace SyncHub.Bench.Streams;

/// <summary>Stores with their members: each member pays at one store, whose rights cover what is sold.</summary>
internal sealed class Fleet : IAsyncDisposable
{
    private const int EnrolledAtOnce = 8;
    private const int WindowOfLoading = 2_000;

    private readonly int[] _next;

    private Fleet(StoreStream[] stores, MemberId[][] members)
    {
        Stores = stores;
        Members = members;
        _next = new int[stores.Length];
    }

    /// <summary>The stores.</summary>
    public IReadOnlyList<StoreStream> Stores { get; }

    /// <summary>The members of each.</summary>
    public IReadOnlyList<MemberId[]> Members { get; }

    /// <summary>Makes the stores at the hub; nobody is connected yet.</summary>
    public static async Task<Fleet> EnrolAsync(Hub hub, int stores, int members, CancellationToken cancellation)
    {
        var made = new StoreStream[stores];
        await Parallel.ForEachAsync(Enumerable.Range(0, stores), new ParallelOptions { MaxDegreeOfParallelism = EnrolledAtOnce, CancellationToken = cancellation },
            async (number, token) => made[number] = await StoreStream.EnrolAsync(hub, string.Create(CultureInfo.InvariantCulture, $"store {number}"), token));
        return new Fleet(made, [.. made.Select((_, number) => Enumerable.Range(0, (members / stores) + (number < members % stores ? 1 : 0)).Select(_ => OpMill.NewMember()).ToArray())]);
    }

    /// <summary>Connects all of them.</summary>
    public Task ConnectAsync(CancellationToken cancellation) => Task.WhenAll(Stores.Select(store => store.ConnectAsync(cancellation)));

    /// <summary>Takes all of them offline.</summary>
    public Task DisconnectAsync() => Task.WhenAll(Stores.Select(store => store.DisconnectAsync()));

    /// <summary>Every member is registered and pays in.</summary>
    public async Task LoadAsync(CancellationToken cancellation)
    {
        for (var store = 0; store < Stores.Count; store++)
        {
            foreach (var member in Members[store])
            {
                OpMill.Register(Stores[store], member, member.Value.ToString(CultureInfo.InvariantCulture)[^18..]);
                OpMill.TopUp(Stores[store], member);
            }
        }

        await SendAsync(WindowOfLoading, WindowOfLoading / 4, cancellation);
    }

    /// <summary>The one member pays in at every store, so that each of them may sell to it.</summary>
    public async Task ShareAsync(MemberId member, CancellationToken cancellation)
    {
        OpMill.Register(Stores[0], member, "hot");
        foreach (var store in Stores)
        {
            OpMill.TopUp(store, member);
        }

        await SendAsync(1, 1, cancellation);
    }

    /// <summary>Appends sales to the logs, turn about over stores and members.</summary>
    public void Prepare(int ops)
    {
        for (var op = 0; op < ops; op++)
        {
            var store = op % Stores.Count;
            var members = Members[store];
            OpMill.Sell(Stores[store], members[_next[store]++ % members.Length]);
        }
    }

    /// <summary>Appends sales of one member to the logs, turn about over stores.</summary>
    public void Prepare(int ops, MemberId member)
    {
        for (var op = 0; op < ops; op++)
        {
            OpMill.Sell(Stores[op % Stores.Count], member);
        }
    }

    /// <summary>Every store sends what it has, until all of it is acknowledged.</summary>
    public Task SendAsync(int window, int leastBatch, CancellationToken cancellation) => Task.WhenAll(Stores.Select(store => Task.Run(() => store.SendAsync(window, leastBatch, cancellation), cancellation)));

    /// <summary>The latencies since the last call.</summary>
    public double[] TakeLatencies()
    {
        double[] all = [.. Stores.SelectMany(store => store.LatenciesMs)];
        foreach (var store in Stores)
        {
            store.LatenciesMs.Clear();
        }

        return all;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var store in Stores)
        {
            await store.DisposeAsync();
        }
    }
}
