using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Rights;
using SyncHub.Core.Tills;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Tests.Properties;

/// <summary>One store of the test network: a log, the member's lines, and what it may still void or refund.</summary>
internal sealed class TestStore(int number)
{
    public Holder Holder { get; } = Make.Holder(number);

    public MemberHere Here { get; } = new(Make.Member);

    public List<Op> Log { get; } = [];

    public List<OwnOp> Own { get; } = [];

    public bool IsOnline { get; set; } = true;

    /// <summary>How many ops of the log the hub was surely given.</summary>
    public int Delivered { get; set; }

    /// <summary>What was advanced without a right and the hub has surely not acknowledged.</summary>
    public long OpenAdvancesMinor => Log.Skip(Delivered).Where(op => op.Type == OpType.Sale).Sum(op => op.AmountOf(MoveKind.Advance, Bucket.Principal));

    public OpId NextId => new(Holder, Log.Count + 1);

    public void Book(Op op)
    {
        TillMachine.Apply(op, Here);
        Log.Add(op);
        var reference = op.Reference is { } id ? Own.FindIndex(own => own.Id == id) : -1;
        switch (op.Type)
        {
            case OpType.Sale or OpType.TopUp or OpType.Redeem:
                Own.Add(OwnOp.Of(op));
                break;
            case OpType.Void:
                Own[reference] = Own[reference] with { IsVoided = true };
                break;
            case OpType.Adjust when reference >= 0:
                Own[reference] = Own[reference].Decided(op);
                break;
            case OpType.Refund:
                Own[reference] = Own[reference] with { GivenBack = [.. Own[reference].GivenBack, .. op.Moves] };
                break;
            default:
                break;
        }
    }

    /// <summary>Takes what the hub says of the member: its own G from every view, as an agent does; the rest of an older version is ignored.</summary>
    public void Learn(MemberView view)
    {
        Grant([.. view.Buckets.SelectMany(bucket => bucket.Lines.Where(line => line.Holder == Holder && line.Granted > 0).Select(line => new GrantedLine(bucket.Bucket, line.Granted)))]);
        if (Here.Replica?.Version >= view.Version)
        {
            return;
        }

        var own = view.Buckets.ToDictionary(bucket => bucket.Bucket, bucket => bucket.Lines.Where(line => line.Holder == Holder)
            .Select(line => new AgentLine(line.Granted, line.Credited, line.Debited, line.Relinquished)).FirstOrDefault());
        Here.Replica = new Replica
        {
            Version = view.Version,
            Profile = view.Profile,
            LifetimeSpendMinor = view.LifetimeSpendMinor,
            AsOfMs = view.RecordedAtMs,
            ReceivableMinor = view.ReceivableMinor,
            FloorAdvancedMinor = view.Floor.GetValueOrDefault(Holder).AdvancedMinor,
            FloorSettledMinor = view.Floor.GetValueOrDefault(Holder).SettledMinor,
            Holdings = [.. view.Buckets.SelectMany(bucket => bucket.Lines.Select(line => new Holding(bucket.Bucket, line.Holder.Store, line.Outstanding)).Append(new Holding(bucket.Bucket, default, bucket.Pool)))],
            OwnLines = own,
        };
    }

    public void Grant(IReadOnlyList<GrantedLine> lines)
    {
        foreach (var (bucket, granted) in lines)
        {
            Here.Lines[bucket] = Here.LineOf(bucket).WithGranted(granted);
        }
    }
}
