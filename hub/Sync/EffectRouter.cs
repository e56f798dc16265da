using Microsoft.Extensions.Logging;
using SyncHub.Core.Members;
using SyncHub.Core.Primitives;
using SyncHub.Hub.Grains;
using SyncHub.Hub.Refunds;
using SyncHub.Hub.Stores;
using SyncHub.Protos.Mapping;
using SyncHub.V1;

namespace SyncHub.Hub.Sync;

/// <summary>Sends effects where they belong, after they are durable and in the order of their commits.</summary>
/// <remarks>Thread rule: <see cref="Release"/>, <see cref="Applied"/> and <see cref="Acknowledge"/> by whoever releases (<see cref="CommitPipeline"/>), one at a time.</remarks>
internal sealed class EffectRouter(LinkDirectory links, StoreRegistry stores, RulesetInForce rules, ISchedule schedule, GrainDirectory grains, ILogger<EffectRouter> log)
{
    private readonly List<StoreLink> _due = []; // whom an acknowledgement is due; of whoever releases
    private long _appliedOps;
    private long _liveRevokes;

    /// <summary>Ops that became durable since this process started.</summary>
    public long AppliedOps => Interlocked.Read(ref _appliedOps);

    /// <summary>Checkouts for which other stores were asked to give rights up, since this process started.</summary>
    public long LiveRevokes => Interlocked.Read(ref _liveRevokes);

    /// <summary>Whether a store is online.</summary>
    public bool IsConnected(StoreId store) => links.Find(store) is { IsOnline: true };

    /// <summary>Sends effects.</summary>
    public void Release(List<GrainEffect> effects)
    {
        foreach (var (member, effect) in effects)
        {
            Release(member, effect);
        }
    }

    /// <summary>An op is durable; its store hears of it with the next <see cref="Acknowledge"/>.</summary>
    public void Applied(StoreLink link, Core.Primitives.OpId place, Core.Members.Classification classification, string note)
    {
        if (link.OnApplied(place.Holder.Incarnation, place.Sequence, classification, note))
        {
            _due.Add(link);
        }
    }

    /// <summary>Acknowledges what a commit brought, to each store once.</summary>
    public void Acknowledge()
    {
        foreach (var link in _due)
        {
            link.Acknowledge();
        }

        _due.Clear();
    }

    /// <summary>Tells whoever waits for an answer that there will be none.</summary>
    public static void Refuse(MemberMessage message, Exception fault)
    {
        switch ((message as IAsked)?.Reply)
        {
            case TaskCompletionSource<Core.Members.MemberView> reply:
                reply.TrySetException(fault);
                break;
            case MemberWalk walk:
                walk.OnHandled();
                break;
            case Action taken:
                taken();
                break;
            default:
                break; // a till that waits for rights is answered by its agent's own deadline
        }
    }

    private void Release(MemberId member, MemberEffect effect)
    {
        switch (effect)
        {
            case AcknowledgeOp acknowledge:
                Interlocked.Increment(ref _appliedOps);
                if (acknowledge.Classification != Core.Members.Classification.Normal)
                {
                    log.LogWarning("Op {Sequence} of store {Store} is {Classification}: {Note}", acknowledge.Sequence, acknowledge.Holder.Store, acknowledge.Classification, acknowledge.Note);
                }

                if (links.Find(acknowledge.Holder.Store) is { } store)
                {
                    Applied(store, new Core.Primitives.OpId(acknowledge.Holder, acknowledge.Sequence), acknowledge.Classification, acknowledge.Note);
                }

                break;
            case SendRights send:
                Send(send.Holder.Store, new HubFrame { Rights = RightsOf(member, send.Holder, send.Lines) });
                break;
            case SendRightsReply reply:
                Send(reply.Holder.Store, new HubFrame { RightsReply = ReplyTo(reply) });
                break;
            case SendIdentifyReply reply:
                Send(reply.Holder.Store, new HubFrame { IdentifyReply = ReplyTo(reply) });
                break;
            case SendRefundRight reply:
                Send(reply.Holder.Store, new HubFrame { RefundRightReply = RefundDesk.ToWire(reply, MemberCodec.ToDelta(reply.View, reply.Holder, rules.Rules, stores.Term), RightsOf(reply.View, reply.Holder)) });
                break;
            case SendChange change when links.Find(change.Store) is { IsOnline: true } link:
                link.Send(new HubFrame { MemberDelta = MemberCodec.ToDelta(change.View, link.Holder, rules.Rules, stores.Term) });
                break;
            case AskRevoke ask:
                Send(ask.Holder.Store, new HubFrame { RevokeAsk = AskOf(member, ask) });
                break;
            case StartDeadline deadline:
                Interlocked.Increment(ref _liveRevokes);
                schedule.RunAfter(deadline.DelayMs, () => grains.Post(new GrainMessage(member, new RevokeExpired(deadline.Ask))));
                break;
            case CaughtUp caughtUp:
                (caughtUp.Reply as MemberWalk)?.OnHandled();
                break;
            case PostTo post:
                grains.Post(new GrainMessage(post.To, post.Message));
                break;
            case Refused { Reply: TaskCompletionSource<Core.Members.MemberView> reply } refused:
                reply.TrySetException(Grpc.Standard.RpcFault.Of(Grpc.Core.StatusCode.FailedPrecondition, Reason.MemberRefuses, refused.Reason));
                break;
            case Answer { Reply: TaskCompletionSource<Core.Members.MemberView> reply } answer:
                reply.TrySetResult(answer.View);
                break;
            case Answer { Reply: MemberWalk walk } answer:
                walk.OnHandled(answer.Amount);
                break;
            case Answer { Reply: Action done }:
                done();
                break;
            default:
                break; // a change for a store that has gone offline meanwhile: it catches up by its cursor
        }
    }

    private void Send(StoreId store, HubFrame frame) => links.Find(store)?.Send(frame);

    private static Rights RightsOf(MemberId member, Holder holder, IEnumerable<Core.Members.GrantedLine> lines)
    {
        var rights = new Rights { Member = Google.Protobuf.UnsafeByteOperations.UnsafeWrap(member.ToBytes()), Incarnation = holder.Incarnation.Value };
        rights.Lines.AddRange(lines.Select(EventCodec.ToWire));
        return rights;
    }

    private static Rights RightsOf(Core.Members.MemberView view, Holder holder) => RightsOf(view.Id, holder,
        view.Buckets.SelectMany(bucket => bucket.Lines.Where(line => line.Holder == holder).Select(line => new Core.Members.GrantedLine(bucket.Bucket, line.Granted))));

    private RightsReply ReplyTo(SendRightsReply reply)
    {
        var wire = new RightsReply
        {
            Request = reply.Request,
            Rights = RightsOf(reply.View, reply.Holder),
            Member = MemberCodec.ToDelta(reply.View, reply.Holder, rules.Rules, stores.Term),
        };
        foreach (var bucket in reply.View.Buckets)
        {
            foreach (var line in bucket.Lines.Where(line => line.Holder != reply.Holder && line.Outstanding > 0))
            {
                var link = links.Find(line.Holder.Store);
                wire.Elsewhere.Add(new HeldElsewhere
                {
                    Store = line.Holder.Store.Value,
                    AmountMinor = line.Outstanding,
                    Online = link is { IsOnline: true },
                    OfflineSinceMs = link is { IsOnline: false } ? link.SinceMs : 0,
                    Bucket = BucketCodec.ToWire(bucket.Bucket),
                });
            }
        }

        return wire;
    }

    private IdentifyReply ReplyTo(SendIdentifyReply reply) => reply.View.Registered
        ? new IdentifyReply
        {
            Request = reply.Request,
            Found = true,
            Member = MemberCodec.ToDelta(reply.View, reply.Holder, rules.Rules, stores.Term),
            Rights = RightsOf(reply.View, reply.Holder),
        }
        : new IdentifyReply { Request = reply.Request };

    private static RevokeAsk AskOf(MemberId member, AskRevoke ask)
    {
        var wire = new RevokeAsk { Member = Google.Protobuf.UnsafeByteOperations.UnsafeWrap(member.ToBytes()), Incarnation = ask.Holder.Incarnation.Value, Id = ask.Ask };
        wire.Lines.AddRange(ask.Lines.Select(line => new V1.RevokeLine { Bucket = BucketCodec.ToWire(line.Bucket), KeepLevel = line.KeepLevel, AsOfGranted = line.AsOfGranted }));
        return wire;
    }
}
