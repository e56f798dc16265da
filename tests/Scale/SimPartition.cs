using SyncHub.Hub.Grains;
using SyncHub.Storage;

namespace SyncHub.Scale;

/// <summary>One partition: what waits for it and who runs it. It takes and commits in the sizes of the product's loop.</summary>
/// <remarks>Its messages outlive its owner: whoever sent them has them until they are acknowledged, and sends them to the next one.</remarks>
internal sealed class SimPartition(int number, SimDatabase database, PartitionSettings settings, Costs costs, Dice dice, int coldPermille, Action<SimOp> acknowledge) : IInbox
{
    private readonly List<IReadOnlyList<SimOp>> _underWay = [];
    private Queue<SimOp> _inbox = new();
    private bool _isReady;
    private int _run;
    private Action? _whenSettled;

    /// <summary>Its number.</summary>
    public int Number { get; } = number;

    /// <summary>Where it is kept.</summary>
    public SimDatabase Database { get; } = database;

    /// <summary>Who runs it; null while nobody does.</summary>
    public SimHub? Owner { get; private set; }

    /// <summary>Messages that wait.</summary>
    public int Waiting => _inbox.Count;

    /// <inheritdoc/>
    public int ActiveGrains => 0;

    /// <inheritdoc/>
    public void Post(GrainMessage message)
    {
        _inbox.Enqueue((SimOp)message.Message);
        Wake();
    }

    /// <summary>A hub runs it from now on. What the one before had not acknowledged comes first.</summary>
    public void StartAt(SimHub hub)
    {
        if (_underWay.Count > 0)
        {
            _inbox = new Queue<SimOp>(_underWay.SelectMany(static ops => ops).Concat(_inbox));
            _underWay.Clear();
        }

        (Owner, _isReady, _whenSettled) = (hub, false, null);
        _run++;
        Wake();
    }

    /// <summary>Its owner died.</summary>
    public void Lose() => (Owner, _whenSettled) = (null, null);

    /// <summary>Takes nothing more, and says when all that was decided is durable.</summary>
    public void Settle(Action done)
    {
        _whenSettled = done;
        TryEnd();
    }

    /// <summary>Whether it is about to move.</summary>
    public bool IsSettling => _whenSettled is not null;

    private void TryEnd()
    {
        if (_whenSettled is { } done && _underWay.Count == 0 && !_isReady)
        {
            Owner = null;
            done();
        }
    }

    private void Wake()
    {
        if (Owner is not { IsAlive: true } owner || _isReady || _whenSettled is not null || _inbox.Count == 0 || _underWay.Count >= settings.BatchesUnderWay)
        {
            return;
        }

        _isReady = true;
        List<SimOp> taken = [];
        var run = _run;
        owner.Run(
            () =>
            {
                if (run == _run)
                {
                    while (taken.Count < settings.BatchMessages && _inbox.TryDequeue(out var op))
                    {
                        taken.Add(op);
                    }

                    _underWay.Add(taken);
                }

                var cold = taken.Count(_ => dice.Below(1000) < coldPermille);
                return (long)((taken.Count * costs.TurnUs) + (taken.Count(static op => op.IsForwarded) * costs.ForwardUs) + (cold * costs.ActivationUs));
            },
            () => Submit(owner, taken, run));
    }

    private void Submit(SimHub owner, List<SimOp> taken, int run)
    {
        if (run != _run)
        {
            return;
        }

        _isReady = false;
        owner.Decided += taken.Count;
        var batch = new JournalBatch();
        foreach (var op in taken)
        {
            batch.Records.Add(new NewRecord(Number, new StreamId(op.Member.Value), 1, default));
        }

        owner.PipelineOf(Database).Submit(batch, null, () =>
        {
            if (run == _run)
            {
                _underWay.Remove(taken);
                taken.ForEach(acknowledge);
                Wake();
                TryEnd();
            }
        });
        Wake();
    }
}
