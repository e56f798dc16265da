using Google.Protobuf;
using SyncHub.Agent.Engine;
using SyncHub.Core.Identity;
using SyncHub.Core.Mechanisms;
using SyncHub.Core.Primitives;
using SyncHub.Core.Wallets;
using SyncHub.Hub.Grains;
using SyncHub.Hub.Stores;
using SyncHub.Hub.Sync;
using SyncHub.Protos.Mapping;
using SyncHub.Storage;
using SyncHub.Testing;

namespace SyncHub.Simulator;

/// <content>What can happen in one step.</content>
internal sealed partial class World
{
    private int Act(Dice dice, SimAgent agent)
    {
        if (!agent.IsUp && dice.Chance(20))
        {
            Trace($"{Step} agent {agent.Number} starts");
            agent.Restart();
            return 20;
        }

        var roll = dice.Below(1000);
        return roll switch
        {
            < 170 => Till(dice, agent),
            < 200 => DayAndIdle(dice, agent),
            < 260 => Reconnect(dice, agent),
            < 360 => EngineWorks(dice, agent),
            < 460 => Sends(dice, agent),
            < 700 => Network(dice),
            < 800 => HubDecides(dice),
            < 870 => HubWrites(dice),
            < 885 => Later(dice),
            < 895 => Beats(agent),
            _ => GoWrong(dice, agent, roll),
        };
    }

    private int Till(Dice dice, SimAgent agent)
    {
        if (!agent.IsUp)
        {
            return 1;
        }

        if (Faults.HasFlag(Fault.Tills))
        {
            return RichTill(dice, agent);
        }

        var member = dice.Pick(_members);
        var kind = dice.Below(100);
        IMessage request = kind switch
        {
            < 55 => new V1.SaleRequest { RequestId = NextRequest(), MemberId = member.ToString(), BillMinor = dice.Between(1, 4_000) },
            < 70 => new V1.TopUpRequest { RequestId = NextRequest(), MemberId = member.ToString(), AmountMinor = dice.Chance(20) ? 60_000 : dice.Between(1, 4_000) },
            < 78 => new V1.RedeemRequest { RequestId = NextRequest(), MemberId = member.ToString(), Points = dice.Between(1, 200), What = "gift" },
            < 88 => Oracle.AnyOp(dice, agent, 10) is { } op ? new V1.RefundRequest { RequestId = NextRequest(), Op = OpIdCodec.ToWire(op), AmountMinor = dice.Between(1, 1_000) } : new V1.StatusRequest(),
            < 95 => Oracle.AnyOp(dice, agent, 10) is { } op ? new V1.VoidRequest { RequestId = NextRequest(), Op = OpIdCodec.ToWire(op) } : new V1.StatusRequest(),
            _ => new V1.IdentifyTillRequest { Key = new V1.MemberKey { MemberId = member.ToString() } },
        };
        Trace($"{Step} till at {agent.Number}: {request}");
        Count(request.Descriptor.Name);
        Pay(agent, request, [], rounds: 2);
        return 2;
    }

    // As TillCalls does it: while there is a hub, it is asked for rights before a refusal is final.
    private void Pay(SimAgent agent, IMessage request, IReadOnlyList<HubNews> news, int rounds)
    {
        var reply = agent.CallReply(request, news);
        NoteReceipt(agent, request, reply);
        if (reply is null || agent.Session is not { IsLive: true } session)
        {
            return;
        }

        if (rounds == 0)
        {
            if (reply.CouldUseCredit)
            {
                NoteReceipt(agent, request, agent.CallReply(request, [], mayUseCredit: true)); // all that could be had was asked for
            }

            return;
        }

        var pipe = agent.Pipe!;
        if (reply.WantedRefundRight is { } undone)
        {
            Count("refund rights asked for");
            session.Ask(number => new V1.AgentFrame { RefundRightRequest = new V1.RefundRightRequest { Nonce = pipe.Nonce, Request = number, Op = OpIdCodec.ToWire(undone), Since = reply.TipSequence + 1 } },
                answer => Again(agent, request, answer, rounds - 1));
        }
        else if (reply.Wanted.Count > 0)
        {
            session.Ask(number =>
            {
                var wanted = new V1.RightsRequest { Nonce = pipe.Nonce, Request = number, Member = ByteString.CopyFrom(reply.Member.ToBytes()), Reason = V1.RightsReason.Checkout, DeadlineMs = 800 };
                wanted.Targets.AddRange(reply.Wanted.Select(target => new V1.RightsTarget { Bucket = BucketCodec.ToWire(target.Bucket), GrantedTarget = target.Granted }));
                return new V1.AgentFrame { RightsRequest = wanted };
            }, answer => Again(agent, request, answer, rounds - 1));
        }
        else if (reply.NeedsNews)
        {
            session.Ask(number => new V1.AgentFrame { Identify = new V1.IdentifyRequest { Nonce = pipe.Nonce, Request = number, Member = ByteString.CopyFrom(reply.Member.ToBytes()), Prefetch = true } },
                answer => Again(agent, request, answer, rounds - 1));
        }
        else if (reply.CouldUseCredit)
        {
            NoteReceipt(agent, request, agent.CallReply(request, [], mayUseCredit: true));
        }
    }

    private void NoteReceipt(SimAgent agent, IMessage request, EngineReply? reply)
    {
        if (reply?.Answer is V1.OpAnswer { Receipt: { } receipt })
        {
            Count("receipts");
            OnReceipt(receipt);
            Oracle.OnPrinted(OpIdCodec.ToCore(receipt.Op));
            NoteAnswered(agent, request, OpIdCodec.ToCore(receipt.Op));
        }
    }

    private void Again(SimAgent agent, IMessage request, HubNews? answer, int rounds)
    {
        if (answer is not null && agent.IsUp)
        {
            Pay(agent, request, [answer], rounds);
        }
    }

    private int DayAndIdle(Dice dice, SimAgent agent)
    {
        if (!agent.IsUp)
        {
            return 3;
        }

        if (dice.Chance(40))
        {
            CloseDay(agent);
        }
        else
        {
            Trace($"{Step} idle rights of {agent.Number}");
            agent.Ask(new ReturnIdleRights(agent.NowMs, dice.Chance(30) ? long.MaxValue : agent.NowMs - 500_000, [], 10));
        }

        return 3;
    }

    private int Reconnect(Dice dice, SimAgent agent)
    {
        if (!agent.IsUp)
        {
            return 4;
        }

        if (agent.Session is not null && dice.Chance(70))
        {
            return 4;
        }

        if (dice.Chance(85) || agent.WantsConnection)
        {
            var hub = _zombies.Count > 0 && dice.Chance(40) ? dice.Pick(_zombies) : Hub;
            Trace($"{Step} agent {agent.Number} connects{(hub == Hub ? "" : " to a zombie")}");
            Connect(agent, hub);
        }
        else
        {
            Trace($"{Step} agent {agent.Number} loses its line");
            agent.Pipe?.EndByAgent();
        }

        return 4;
    }

    private int EngineWorks(Dice dice, SimAgent agent)
    {
        for (var turns = dice.Below(4); turns >= 0 && agent.Work(); turns--)
        {
            Trace($"{Step} agent {agent.Number} works");
        }

        return 5;
    }

    private int Sends(Dice dice, SimAgent agent)
    {
        var sent = agent.Pump(1 + dice.Below(4));
        if (sent > 0)
        {
            Trace($"{Step} agent {agent.Number} sends {sent}");
        }

        return 6;
    }

    private int Network(Dice dice)
    {
        var live = Pipes.FindAll(static pipe => pipe.ToHub.Count > 0 || pipe.ToAgent.Count > 0 || pipe.AgentEnded != pipe.HubEnded);
        Pipes.RemoveAll(static pipe => pipe is { AgentEnded: true, HubEnded: true });
        if (live.Count == 0)
        {
            return 7;
        }

        var pipe = dice.Pick(live);
        var toHub = pipe.ToHub.Count > 0 && (pipe.ToAgent.Count == 0 || dice.Chance(50));
        var count = toHub ? pipe.ToHub.Count : pipe.ToAgent.Count;
        var index = 0;
        if (Active.HasFlag(Fault.Chaos) && count > 0)
        {
            // Not what a stream does, but what the protocol is built for: any order, twice, never. The Hello stays the first.
            index = toHub ? (pipe.Link is null ? 0 : dice.Below(count)) : pipe.InLane(dice.Below(count));
            if (dice.Below(100) < 8 && (!toHub || pipe.Link is not null))
            {
                Trace($"{Step} a frame of pipe {pipe.Number} is lost");
                if (toHub)
                {
                    pipe.ToHub.RemoveAt(index);
                }
                else
                {
                    pipe.Lose(index);
                }

                return 8;
            }
        }

        var keep = Active.HasFlag(Fault.Chaos) && dice.Below(100) < 12 && pipe.Link is not null;
        Trace($"{Step} pipe {pipe.Number} {(toHub ? "to hub" : "to agent")} {(count == 0 ? "end" : toHub ? pipe.ToHub[index].FrameCase.ToString() : pipe.ToAgent[index].FrameCase.ToString())}{(keep ? " (a copy)" : "")}");
        if (toHub)
        {
            DeliverToHub(pipe, index, keep);
        }
        else if (!DeliverToAgent(pipe, index, keep))
        {
            DeliverToHub(pipe, 0);
        }

        return 9;
    }

    private int HubDecides(Dice dice)
    {
        var hub = _zombies.Count > 0 && dice.Chance(30) ? dice.Pick(_zombies) : Hub;
        var partition = dice.Below(SimHub.PartitionCount);
        if (Decide(hub, partition, 1 + dice.Below(5)))
        {
            Trace($"{Step} hub decides in partition {partition}");
        }

        return 10;
    }

    private int HubWrites(Dice dice)
    {
        if (Active.HasFlag(Fault.Crash) && dice.Below(150) == 0 && _zombies.Count == 0)
        {
            Count("hub crashes after a commit");
            Hub.Journal.FlushWithoutAnswers(1 + dice.Below(3));
            RestartHub("crash between commit and answer");
            return 11;
        }

        if (Hub.Flush(1 + dice.Below(3)))
        {
            Trace($"{Step} hub writes");
        }

        foreach (var zombie in _zombies)
        {
            zombie.Release();
        }

        return 11;
    }

    private int Later(Dice dice)
    {
        if (Hub.RunLater(dice.Chance(60)))
        {
            Trace($"{Step} hub does what was due");
            Oracle.IsDirty = true;
        }

        return 12;
    }

    private int Beats(SimAgent agent)
    {
        if (agent.IsUp)
        {
            agent.Session?.Beat();
        }

        Beat();
        return 13;
    }

    private int GoWrong(Dice dice, SimAgent agent, int roll)
    {
        switch (roll)
        {
            case < 905 when Active.HasFlag(Fault.Crash) && agent.IsUp:
                Trace($"{Step} agent {agent.Number} dies");
                Count("agent crashes");
                agent.Crash();
                return 21;
            case < 915 when Active.HasFlag(Fault.Crash) && dice.Chance(40) && _zombies.Count == 0:
                Trace($"{Step} hub dies");
                Count("hub crashes");
                RestartHub("crash");
                return 22;
            case < 940 when Active.HasFlag(Fault.Split) && _zombies.Count == 0 && !Hub.Journal.IsClosed:
                Trace($"{Step} a second hub starts over the same journal");
                Count("split brain");
                _zombies.Add(Hub);
                Hub = new SimHub(this, Hub.Journal, _rules);
                return 23;
            case < 945 when _zombies.Count > 0:
                EndZombies();
                return 24;
            case < 955 when (Active & (Fault.Restore | Fault.Image)) != Fault.None:
                agent.Backups.Add((agent.Copy(), agent.Guard.Record));
                return 25;
            case < 963 when (Active & (Fault.Restore | Fault.Image)) != Fault.None && agent.Backups.Count > 0:
                RestoreAgent(dice, agent);
                return 26;
            case < 968 when Active.HasFlag(Fault.HubRestore) && !Hub.Stores.IsReconciling && _zombies.Count == 0:
                Trace($"{Step} hub backup");
                _hubBackups.Add((Hub.Journal.Copy(), 0));
                return 27;
            case < 974 when Active.HasFlag(Fault.HubRestore) && _hubBackups.Count > 0 && _zombies.Count == 0 && !Hub.Stores.IsReconciling:
                RestoreHub(dice);
                return 28;
            case < 976 when Switches.IsOff(Mechanism.ReservedWhileSilent):
                GiveAway(agent.Store);
                return 35;
            case < 979 when Active.HasFlag(Fault.Reclaim) && _zombies.Count == 0:
                Reclaim(agent.Store);
                return 29;
            case < 982 when Active.HasFlag(Fault.Clone) && Agents.Count < Stores + 2 && !agent.IsLocked && agent.IsUp:
                Clone(agent);
                return 30;
            case < 986 when Active.HasFlag(Fault.Clock):
                agent.ClockSkewMs += dice.Between(-40L * 86_400_000, 40L * 86_400_000);
                Count("clock jumps");
                return 31;
            case < 989 when Active.HasFlag(Fault.Clock):
                Clock.NowMs += dice.Between(0, 400) * 86_400_000; // lots end
                return 32;
            case < 995 when Active.HasFlag(Fault.Disk) && agent.IsUp:
                Count("disk faults");
                agent.Journal.FailNextCommit(dice.Chance(50) ? JournalFault.DiskFull : JournalFault.InputOutput);
                return 33;
            case < 997 when Active.HasFlag(Fault.Disk) && _zombies.Count == 0:
                Count("hub disk faults");
                Hub.Journal.FailNextCommit(dice.Chance(50) ? JournalFault.DiskFull : JournalFault.InputOutput);
                return 34;
            default:
                return 0;
        }
    }

    private void EndZombies()
    {
        Trace($"{Step} the zombies die");
        foreach (var pipe in Pipes.Where(pipe => _zombies.Contains(pipe.Hub)))
        {
            pipe.End();
        }

        _zombies.ForEach(static zombie => zombie.IsUp = false);
        _zombies.Clear();
    }

    private void RestoreAgent(Dice dice, SimAgent agent)
    {
        var (image, guard) = dice.Pick(agent.Backups);
        var withGuard = Active.HasFlag(Fault.Image) && (!Active.HasFlag(Fault.Restore) || dice.Chance(50));
        Trace($"{Step} agent {agent.Number} is restored from a backup{(withGuard ? ", guard and all" : "")}");
        Count(withGuard ? "machine images restored" : "databases restored");
        agent.RollBack(image, guard, withGuard);
        Oracle.OnRolledBack(agent, withGuard);
    }

    private void RestoreHub(Dice dice)
    {
        Trace($"{Step} hub is restored from a backup");
        Count("hub restores");
        foreach (var pipe in Pipes.Where(pipe => pipe.Hub == Hub))
        {
            pipe.End();
        }

        var journal = Hub.Journal.RollBackTo(dice.Pick(_hubBackups).Image);
        journal.AutoFlush = true;
        StoreRegistry.BeginTermAsync(journal, Clock.GetUtcNow(), Hub.Stores.Term).GetAwaiter().GetResult();
        journal.AutoFlush = false;
        // Backups of the state that is gone are gone with it: a restore starts a new history.
        Hub.IsUp = false;
        Hub = new SimHub(this, journal, _rules);
        Hub.Flush(int.MaxValue);
        Oracle.OnHubRestored();
    }

    private void Reclaim(StoreId store)
    {
        Trace($"{Step} store {store} is reclaimed");
        Count("reclaims");
        var lives = Hub.Stores.Find(store)!.Lives.All.Where(life => life.Status is LifeStatus.Living or LifeStatus.Dead).Select(life => life.Number).ToArray();
        if (Hub.Stores.Find(store)!.IsReconciling)
        {
            Oracle.OnGivenUpUnheard(store, lives);
        }

        var wasReconciling = Hub.Stores.Find(store)!.IsReconciling;
        Hub.Stores.Update(store, known => known with
        {
            IsReconciling = false,
            Lives = lives.Select(number => known.Lives.Find(number)!).Aggregate(known.Lives, (all, life) =>
                all.Put(life with { Status = LifeStatus.Dead, Release = ReleaseKind.Reclaimed, IsReleased = false, Payer = "hq/loss", Approver = "somebody" })),
        });
        Hub.Parts.Links.GetOrAdd(store, id => new StoreLink(id, Hub.Parts)).Cut();
        var hub = Hub;
        hub.Pipeline.Submit(new JournalBatch(), null, () =>
        {
            if (wasReconciling)
            {
                Reconciliation.MendWhenOver(hub.Parts);
            }

            foreach (var life in lives)
            {
                hub.Parts.Releases.Start(store, life, null);
            }
        });
    }

    // What systems with leases do: whoever is silent for long enough is taken for done.
    private void GiveAway(StoreId store)
    {
        var living = Hub.Stores.Find(store)!.Holder;
        foreach (var member in _members)
        {
            Hub.Post(new GrainMessage(member, new Core.Members.ReleaseWanted(living, ReleaseKind.Closed, "", "", new object())));
        }
    }

    private void Clone(SimAgent agent)
    {
        var number = 100 + Agents.Count;
        Trace($"{Step} agent {agent.Number} is cloned as {number}");
        Count("clones");
        var clone = new SimAgent(this, number, agent.Store, agent.Enrolled.Incarnation, SimulatedJournal.Open(agent.Copy()), new SimGuard(Active.HasFlag(Fault.Image) ? (ulong)agent.Store.Value : (ulong)number) { Record = agent.Guard.Record }) { IsClone = true };
        clone.TakeDay(agent.Day);
        Agents.Add(clone);
        Oracle.OnCloned(clone);
    }
}
