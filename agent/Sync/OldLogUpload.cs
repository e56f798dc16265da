using Google.Protobuf;
using Grpc.Core;
using SyncHub.Agent.Hosting;
using SyncHub.Core.Primitives;
using SyncHub.Core.Protocol;
using SyncHub.Storage;
using SyncHub.Storage.Sqlite.Audit;

namespace SyncHub.Agent.Sync;

/// <summary>Brings the hub the log of a database that no agent runs on any more: one that was moved aside, or the disk of a lost machine that turned up.</summary>
/// <remarks>
/// It speaks with the identity of the store's present machine and asks for nothing but to be heard: what the hub lacks is taken as facts of the
/// old life, what it has is passed over. So it may be done twice, from a copy, and while the store's agent runs.
/// </remarks>
public static class OldLogUpload
{
    private const int LargestRunOps = 200;
    private const int LargestRunBytes = 256 * 1024;
    private const int NewestSchema = 1;
    private const int BeatsBeforeRepeat = 5; // the hub beats every second
    private const int LargestRepeats = 12;

    /// <summary>Uploads every life that the old database holds.</summary>
    /// <param name="options">The folder of the store's present agent, and the hub.</param>
    /// <param name="oldDirectory">The folder with the old <c>agent.db</c>.</param>
    /// <param name="cancellation">Stops in the midst; doing it again goes on.</param>
    /// <returns>How many ops the hub is known to have now.</returns>
    /// <exception cref="AgentStartException">The files are not fit, or the hub refused; the message names the way out.</exception>
    public static async Task<long> RunAsync(AgentOptions options, string oldDirectory, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.ThrowIfFaulty();
        var path = Path.Combine(oldDirectory, "agent.db");
        try
        {
            using var reader = JournalFileReader.Open(path);
            var first = reader.Facts().Select(fact => fact.Producer).FirstOrDefault();
            var (cell, cells) = (new Incarnation(first.Incarnation).Cell, StoreIdentity.Read(options.DataDirectory).Cells);
            if (cell > cells || options.HubsByCell.Count != cells)
            {
                throw new AgentStartException($"{path} is the log of cell {cell}; {options.DataDirectory} is a machine of a chain with {cells}, and --hub names the hubs of {options.HubsByCell.Count}. Upload it from its own store's machine, and name the hubs of each cell.", AgentStartException.BadOptions);
            }

            options = options.ForCell(new Cell(cell, cells));
            var dataDirectory = options.DataDirectory;
            var identity = StoreIdentity.Read(dataDirectory);
            using var key = options.InsecureLoopback ? null : MachineKey.Read(MachineKey.PathFor(dataDirectory));
            var lives = reader.Facts().GroupBy(fact => fact.Producer).Select(life => (Producer: life.Key, Log: life.ToArray())).ToArray();
            if (lives.FirstOrDefault(life => life.Producer.Store != identity.Store) is { Log: { } } other)
            {
                throw new AgentStartException($"{path} is the log of store {other.Producer.Store}, but {dataDirectory} is the machine of store {identity.Store}. Upload it from that store's machine.", AgentStartException.BadOptions);
            }

            await UploadAsync(options, identity, key, [.. lives.Select(life => life.Log)], cancellation);
            return lives.Sum(life => (long)life.Log.Length);
        }
        catch (JournalException fault)
        {
            throw new AgentStartException(fault.Message, AgentStartException.NoStorage, fault);
        }
    }

    private static async Task UploadAsync(AgentOptions options, StoreIdentity identity, MachineKey? key, IReadOnlyList<StoredFact[]> logs, CancellationToken cancellation)
    {
        for (var place = 0; ; place++)
        {
            var hub = options.HubAddresses[place];
            try
            {
                using var channel = HubChannel.Open(hub, options.HubMessageKib, identity, HubChannel.FloorOf(options.DataDirectory), key, out _);
                foreach (var log in logs)
                {
                    await UploadAsync(new V1.Sync.SyncClient(channel), identity, key, log, cancellation);
                }

                return;
            }
            catch (RpcException fault) when (place + 1 < options.HubAddresses.Count && HubRefusal.MayAnotherHelp(fault))
            {
                // What this one took is passed over by the next one.
            }
            catch (RpcException fault)
            {
                throw new AgentStartException($"The hub at {hub} did not take the log: {fault.Status.Detail} ({fault.StatusCode}). Check the address, and that {options.DataDirectory} is this store's present machine.", AgentStartException.NoHub, fault);
            }
        }
    }

    private static async Task UploadAsync(V1.Sync.SyncClient client, StoreIdentity identity, MachineKey? signer, StoredFact[] log, CancellationToken cancellation)
    {
        using var call = client.Link(cancellationToken: cancellation);
        var life = log[0].Producer.Incarnation;
        await call.RequestStream.WriteAsync(new V1.AgentFrame
        {
            // Locked and without a wish: the hub answers that this life is over, whatever it is, and hears the facts.
            Hello = new V1.Hello
            {
                Store = identity.Store,
                Incarnation = life,
                Nonce = ByteString.CopyFrom(Guid.NewGuid().ToByteArray()),
                TipSequence = log[^1].Sequence,
                TipHash = UnsafeByteOperations.UnsafeWrap(log[^1].Hash),
                SchemaMax = NewestSchema,
                Locked = true,
                Cell = identity.Cell,
                Cells = identity.Cells,
            },
        }, cancellation);
        await WaitAsync(call, life, frame => frame.FrameCase switch
        {
            V1.HubFrame.FrameOneofCase.Stale => true,
            V1.HubFrame.FrameOneofCase.Quarantine => throw new AgentStartException($"The hub does not take life {new Incarnation(life)}: {frame.Quarantine.Reason}", AgentStartException.NoHub),
            _ => false,
        }, () => Task.CompletedTask, cancellation);
        var next = 0;
        while (next < log.Length)
        {
            var run = RunFrom(log, next);
            next += run.Envelopes.Count;
            var last = log[next - 1].Sequence;
            if (signer is not null)
            {
                run.Signature = UnsafeByteOperations.UnsafeWrap(signer.Sign(new LogHead(new Holder(new StoreId(identity.Store), new Incarnation(life)), last, OpHash.FromBytes(log[next - 1].Hash))));
            }

            Task Send() => call.RequestStream.WriteAsync(new V1.AgentFrame { Facts = run }, cancellation);
            await Send();
            await WaitAsync(call, life, frame => frame.FactsAck is { } ack && ack.Incarnation == life && ack.Sequence == last, Send, cancellation);
        }

        await call.RequestStream.CompleteAsync();
    }

    private static V1.Facts RunFrom(StoredFact[] log, int first)
    {
        var before = log[first].Sequence == 1 ? OpHash.Genesis
            : first > 0 && log[first - 1].Sequence == log[first].Sequence - 1 ? OpHash.FromBytes(log[first - 1].Hash)
            : throw new AgentStartException($"The old log has no op {log[first].Sequence - 1}: what comes after it cannot be uploaded. Look for another copy of the database.", AgentStartException.NoStorage);
        var run = new V1.Facts { Incarnation = log[first].Producer.Incarnation, FirstSequence = log[first].Sequence, PreviousHash = ByteString.CopyFrom(before.ToBytes()) };
        var bytes = 0;
        for (var i = first; i < log.Length && run.Envelopes.Count < LargestRunOps && bytes < LargestRunBytes && log[i].Sequence == log[first].Sequence + (i - first); i++)
        {
            run.Envelopes.Add(UnsafeByteOperations.UnsafeWrap(log[i].Bytes));
            bytes += log[i].Bytes.Length;
        }

        run.IsLast = first + run.Envelopes.Count == log.Length;

        return run;
    }

    // The hub's heartbeats are the clock: another upload of the store may have taken the place of this one, so it is sent again.
    private static async Task WaitAsync(AsyncDuplexStreamingCall<V1.AgentFrame, V1.HubFrame> call, long life, Func<V1.HubFrame, bool> isAnswer, Func<Task> again, CancellationToken cancellation)
    {
        for (var beats = 1; beats <= BeatsBeforeRepeat * LargestRepeats;)
        {
            if (!await call.ResponseStream.MoveNext(cancellation))
            {
                break;
            }

            if (isAnswer(call.ResponseStream.Current))
            {
                return;
            }

            if (call.ResponseStream.Current.FrameCase == V1.HubFrame.FrameOneofCase.Heartbeat && beats++ % BeatsBeforeRepeat == 0)
            {
                await again();
            }
        }

        throw new AgentStartException($"The hub did not say that it has the log of life {new Incarnation(life)}. Run the upload again: what arrived is passed over.", AgentStartException.NoHub);
    }
}
