using Google.Protobuf;
using SyncHub.Agent.Engine;
using SyncHub.Core.Mechanisms;
using SyncHub.Core.Primitives;
using SyncHub.Core.Protocol;
using SyncHub.Storage;

namespace SyncHub.Agent.Sync;

/// <summary>Uploads the logs of earlier lives, a run at a time: the next run follows when the hub has the one before on its disk.</summary>
/// <remarks>Not thread-safe; its session locks.</remarks>
internal sealed class FactsUpload(SelfDescription self, ILogSigner? signer)
{
    private const int LargestRunOps = 200;
    private const int LargestRunBytes = 256 * 1024;
    private readonly Queue<DeadLog> _logs = [];
    private DeadLog? _log;
    private long _runEnd;
    private bool _isStarted;
    private bool _isUnderWay;

    /// <summary>Whether there may be a run to send now.</summary>
    public bool IsOpen => _isStarted && !_isUnderWay && (_log is { IsOpen: true } || _logs.Count > 0);

    /// <summary>Begins with the logs of earlier lives. A hub in another term was restored: what it had confirmed before counts no more.</summary>
    public void Start(long hubTerm)
    {
        foreach (var log in self.DeadLogs)
        {
            _logs.Enqueue(hubTerm == self.HubTerm || Switches.IsOff(Mechanism.LogsOfOtherTerms) ? log : log with { Acknowledged = 0 });
        }

        _isStarted = true;
    }

    /// <summary>A machine in quarantine uploads its present log too: it will not get another life before a person has decided.</summary>
    public void StartWithOwnLog()
    {
        Start(self.HubTerm);
        _logs.Enqueue(new DeadLog(self.Holder.Incarnation, self.TipSequence, self.TipHash, 0));
    }

    /// <summary>The next run, or null.</summary>
    public V1.AgentFrame? Next(ISessionShell shell)
    {
        if (!_isStarted || _isUnderWay)
        {
            return null;
        }

        while (_log is not { IsOpen: true })
        {
            if (!_logs.TryDequeue(out _log))
            {
                return null;
            }
        }

        var producer = new ProducerId(self.Holder.Store.Value, _log.Life.Value);
        var facts = shell.ReadFacts(producer, _log.Acknowledged + 1, LargestRunOps, LargestRunBytes);
        if (facts.Count == 0 || facts[0].Sequence != _log.Acknowledged + 1)
        {
            shell.Note($"The log of life {_log.Life} has no op {_log.Acknowledged + 1}: what is missing there cannot be uploaded.", isTrouble: true);
            _log = null;
            return null;
        }

        var run = new V1.Facts { Incarnation = _log.Life.Value, FirstSequence = facts[0].Sequence, PreviousHash = ByteString.CopyFrom(HashBefore(shell, producer, facts[0].Sequence).ToBytes()) };
        run.Envelopes.AddRange(facts.Select(fact => UnsafeByteOperations.UnsafeWrap(fact.Bytes)));
        _runEnd = facts[^1].Sequence;
        run.IsLast = _runEnd >= _log.TipSequence;
        if (signer is not null)
        {
            run.Signature = UnsafeByteOperations.UnsafeWrap(signer.Sign(new LogHead(new Holder(self.Holder.Store, _log.Life), _runEnd, OpHash.FromBytes(facts[^1].Hash))));
        }

        _isUnderWay = true;
        return new V1.AgentFrame { Facts = run };
    }

    /// <summary>The hub has a run. True where it is the one that was sent.</summary>
    public bool OnAck(V1.FactsAck ack)
    {
        if (!_isUnderWay || _log is not { } log || log.Life.Value != ack.Incarnation || ack.Sequence != _runEnd)
        {
            return false;
        }

        _log = log with { Acknowledged = _runEnd };
        _isUnderWay = false;
        return true;
    }

    /// <summary>The run is sent again: the hub knows what it has of it.</summary>
    public void Repeat() => _isUnderWay = false;

    private static OpHash HashBefore(ISessionShell shell, ProducerId producer, long sequence)
    {
        if (sequence == 1)
        {
            return OpHash.Genesis;
        }

        return OpHash.FromBytes(shell.ReadFacts(producer, sequence - 1, 1, int.MaxValue)[0].Hash);
    }
}
