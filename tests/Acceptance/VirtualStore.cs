using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Rules;
using SyncHub.Core.Tills;
using SyncHub.Protos.Mapping;

namespace SyncHub.Acceptance;

/// <summary>One store of a replay: the product's till machine and right lines, and its ops that the hub does not have yet.</summary>
internal sealed class VirtualStore(int number, Ruleset rules)
{
    private readonly TillMachine _till = new(rules);
    private readonly Dictionary<int, MemberHere> _members = [];
    private readonly Dictionary<int, MemberView> _news = [];

    public Holder Holder { get; } = new(new StoreId(number + 1), new Incarnation(1));

    public TillMachine Till => _till;

    /// <summary>Ops that wait for the network, in the order of the log.</summary>
    public Queue<(int Member, Op Op)> Outbox { get; } = [];

    /// <summary>Members that changed while this store was away, in the order of their first change.</summary>
    public List<int> Missed { get; } = [];

    private long Tip { get; set; }

    public OpId NextId => new(Holder, Tip + 1);

    /// <summary>A member as this store sees it now.</summary>
    public MemberHere Member(int member, MemberId id)
    {
        if (!_members.TryGetValue(member, out var here))
        {
            _members.Add(member, here = new MemberHere(id));
        }

        // Only what somebody looks at is turned into a replica; the newest news is all that counts.
        if (_news.Remove(member, out var view))
        {
            here.Replica = MemberCodec.ToReplica(MemberCodec.ToDelta(view, Holder, rules, hubTerm: 1));
        }

        return here;
    }

    /// <summary>The hub described a member.</summary>
    public void Learn(int member, MemberView view)
    {
        Grant(member, view.Id, view.Buckets.SelectMany(bucket => bucket.Lines.Where(line => line.Holder == Holder).Select(line => new GrantedLine(bucket.Bucket, line.Granted))));
        _news[member] = view;
    }

    /// <summary>The hub sent rights.</summary>
    public void Grant(int member, MemberId id, IEnumerable<GrantedLine> lines)
    {
        var here = Member(member, id);
        foreach (var (bucket, granted) in lines)
        {
            here.Lines[bucket] = here.LineOf(bucket).WithGranted(granted);
        }
    }

    /// <summary>Puts an op into the log.</summary>
    public void Log(int member, Op op)
    {
        TillMachine.Apply(op, Member(member, op.Member));
        Tip = op.Id.Sequence;
        Outbox.Enqueue((member, op));
    }
}
