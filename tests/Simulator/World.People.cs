using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Profiles;
using SyncHub.Hub.Grains;
using SyncHub.Hub.Sync;
using SyncHub.Protos.Mapping;
using SyncHub.Storage;

namespace SyncHub.Simulator;

/// <content>What people at headquarters, and customers who go there, do.</content>
internal sealed partial class World
{
    private const int OtherDice = 0x5EED;

    private readonly List<string> _receipts = [];
    private readonly HashSet<OpId> _poison = [];

    private IEnumerable<Action<Dice, SimAgent>> Customs()
    {
        if (Active.HasFlag(Fault.Merge))
        {
            yield return Merge;
        }

        if (Active.HasFlag(Fault.Person))
        {
            yield return AtHqOrTill;
        }

        if (Active.HasFlag(Fault.Account))
        {
            yield return SetCredit;
        }

        if (Active.HasFlag(Fault.Receipts))
        {
            yield return HandIn;
        }

        if (Active.HasFlag(Fault.Refunds))
        {
            yield return CloseDay;
            yield return UndoAgain;
            yield return UndoAgain;
        }

        if (Active.HasFlag(Fault.Months))
        {
            yield return PassTime;
        }

        if (Active.HasFlag(Fault.DeadClock))
        {
            yield return BreakClock;
        }

        if (Active.HasFlag(Fault.Often))
        {
            yield return Forget;
        }

        if (Active.HasFlag(Fault.Versions))
        {
            yield return SaySomethingNew;
        }

        if (Active.HasFlag(Fault.Retention))
        {
            yield return Prune;
            yield return Repeat;
            yield return CloseDay;
        }

        if (Active.HasFlag(Fault.Signed))
        {
            yield return Forge;
        }

        if (Active.HasFlag(Fault.AtTills))
        {
            yield return HandInAtTill;
        }

        if (Active.HasFlag(Fault.Rounds))
        {
            yield return UndoInPeace;
            yield return UndoInPeace;
        }

        if (Active.HasFlag(Fault.Twins))
        {
            yield return TagTwins;
        }

        if (Active.HasFlag(Fault.Full))
        {
            yield return FillUp;
        }

        if (Active.HasFlag(Fault.Away))
        {
            yield return StayAway;
            yield return StayAway;
            yield return ComeBack;
        }
    }

    // Dice of its own: the sets without these faults go on as they did before there were any.
    private void LetPeopleAct(SimAgent agent)
    {
        var dice = Dice.Of(Seed ^ OtherDice, Step);
        if (_customs.Length > 0 && dice.Chance(15))
        {
            dice.Pick(_customs)(dice, agent);
        }
    }

    private void Merge(Dice dice, SimAgent agent)
    {
        if (_members.Count < 4 && dice.Chance(50))
        {
            Register(dice, agent);
            return;
        }

        var (one, other) = (dice.Pick(_members), dice.Pick(_members));
        if (dice.Chance(60))
        {
            Trace($"{Step} HQ merges {other} into {one}");
            Count("merges");
            Oracle.OnMerged(one, other);
            Tell(one, new MergeWanted(other, "somebody", "twice", new object()));
        }
        else
        {
            Trace($"{Step} HQ takes {other} out of {one}");
            Count("un-merges");
            Tell(one, new UnmergeWanted(other, "somebody", "not the same", new object()));
        }
    }

    private void AtHqOrTill(Dice dice, SimAgent agent)
    {
        if (dice.Chance(70))
        {
            ChangePerson(dice, agent);
            return;
        }

        var member = dice.Pick(_members);
        MemberMessage message = dice.Below(100) switch
        {
            < 50 => new ProfileWanted("somebody", [new FieldChange(ProfileField.Notes, $"hq{dice.Below(100)}")], [$"tag{dice.Below(3)}"], [$"tag{dice.Below(3)}"], new object()),
            < 92 => new PendingDecided("somebody", dice.Chance(50) ? ProfileField.Email : ProfileField.Phone, dice.Chance(60), new object()),
            _ => new EraseWanted("somebody", "asked for", new object()),
        };
        Trace($"{Step} HQ: {message}");
        Count(message.GetType().Name);
        Tell(member, message);
    }

    private void SetCredit(Dice dice, SimAgent agent)
    {
        var member = dice.Pick(_members);
        if (dice.Chance(15))
        {
            Trace($"{Step} HQ denies {member} advances, or allows them again");
            var batch = new JournalBatch();
            batch.Documents.Add(Hub.Parts.Denials.Set(member, dice.Chance(50)));
            var hub = Hub;
            hub.Pipeline.Submit(batch, null, () => PolicyFrame.SendToAll(hub.Parts));
            return;
        }

        var limit = 1_000L * dice.Below(4);
        Trace($"{Step} HQ sets the credit of {member} to {limit}");
        Count("credit limits");
        Oracle.OnCreditLimit(member, limit);
        Tell(member, new CreditLimitWanted(limit, new object()));
    }

    private void HandIn(Dice dice, SimAgent agent)
    {
        if (_receipts.Count == 0 || Hub.Parts.Receipts is not { } desk)
        {
            return;
        }

        var code = _receipts[Math.Max(0, _receipts.Count - 1 - dice.Below(60))];
        var (response, receipt) = desk.Examine(code);
        Trace($"{Step} a receipt is handed in: {response}");
        Count("receipts handed in");
        if (receipt is not null)
        {
            var hub = Hub;
            Oracle.OnShown(receipt);
            desk.Keep(receipt, () => hub.Run(() =>
            {
                desk.Take(receipt, response);
                Trace($"    the receipt: {response}");
                Oracle.OnHandedIn(receipt);
            }));
        }
    }

    private void CloseDay(Dice dice, SimAgent agent) => CloseDay(agent);

    private void CloseDay(SimAgent agent)
    {
        Trace($"{Step} day close at {agent.Number}");
        if (agent.Call<V1.CloseDayAnswer>(new V1.CloseDayRequest { RequestId = NextRequest() }) is { Op: not null } said && agent.ClosedDay.FindFault(said) is { Length: > 0 } fault)
        {
            throw new Violation("D1", $"the day close {OpIdCodec.ToCore(said.Op)} of store {agent.Number} says {fault}");
        }
    }

    // A battery that is empty: the clock begins at its epoch, or stands. HQ's own clock is put right, backwards.
    private void BreakClock(Dice dice, SimAgent agent)
    {
        Count("clocks that broke");
        switch (dice.Below(4))
        {
            case 0:
                Clock.NowMs -= dice.Between(0, 40) * 86_400_000;
                break;
            case 1:
                agent.DeadClockMs = null;
                break;
            default:
                agent.DeadClockMs = dice.Chance(50) ? 946_684_800_000 : dice.Chance(50) ? 0 : agent.NowMs;
                break;
        }

        Trace($"{Step} the clock of {agent.Number} shows {agent.NowMs}, HQ's {Clock.NowMs}");
    }

    private void Forget(Dice dice, SimAgent agent)
    {
        var roll = dice.Below(100);
        if (_zombies.Count > 0 || Hub.Stores.IsReconciling || Hub.Journal.IsClosed)
        {
            return;
        }

        if (roll < 40 && Active.HasFlag(Fault.HubRestore))
        {
            Trace($"{Step} hub backup");
            _hubBackups.Add((Hub.Journal.Copy(), 0));
        }
        else if (roll < 55 && Active.HasFlag(Fault.HubRestore) && _hubBackups.Count > 0)
        {
            RestoreHub(dice);
        }
        else if (roll < 60 && Active.HasFlag(Fault.Reclaim))
        {
            Reclaim(agent.Store);
        }
    }

    private void SaySomethingNew(Dice dice, SimAgent agent)
    {
        if (!agent.IsNew || !agent.IsUp)
        {
            return;
        }

        if (dice.Chance(70))
        {
            agent.Pipe?.ToHub.Add(Versions.Unknown());
        }
        else
        {
            Trace($"{Step} agent {agent.Number} is upgraded, and taken back");
            Count("ops of a newer version");
            agent.LogUnheardOf(dice.Pick(_members));
        }
    }

    // Customers who bring one receipt to one counter after the other.
    private void UndoAgain(Dice dice, SimAgent agent)
    {
        if (Oracle.AnySale(dice) is { } sale)
        {
            var request = new V1.RefundRequest { RequestId = NextRequest(), Op = OpIdCodec.ToWire(sale), AmountMinor = dice.Between(200, 2_000) };
            Trace($"{Step} till at {agent.Number}: {request}");
            Count("refunds asked for again");
            Pay(agent, request, [], rounds: 2);
        }
    }

    private void PassTime(Dice dice, SimAgent agent)
    {
        Count("months");
        Clock.NowMs += dice.Between(5, 40) * 86_400_000;
        Trace($"{Step} weeks pass");
        foreach (var member in _members.Where(_ => dice.Chance(50)))
        {
            Tell(member, new SweepWanted(new object()));
        }
    }

    /// <summary>Whether the hub's program breaks on this op, whenever it comes; two in a run, else nothing but parked ops would be left.</summary>
    public bool IsPoison(Op op)
    {
        if (_poison.Contains(op.Id))
        {
            return true;
        }

        if (!Active.HasFlag(Fault.Poison) || !_isSafetyPhase || _poison.Count >= 2 || Dice.Of(Seed ^ op.Id.Holder.Store.Value, (int)op.Id.Sequence).Below(12) != 0)
        {
            return false;
        }

        Trace($"    op {op.Id} is one that the program breaks on");
        Count("poisonous ops");
        return _poison.Add(op.Id);
    }

    private void Tell(Core.Primitives.MemberId member, MemberMessage message) => Hub.Post(new GrainMessage(member, message));
}
