using Google.Protobuf;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Protos.Mapping;

namespace SyncHub.Simulator;

/// <content>All that a till can ask for, where the set has all kinds of ops.</content>
internal sealed partial class World
{
    // As many as the rules of a shop allow at once; more would only make a run slower.
    private const int MostMembers = 6;

    private int RichTill(Dice dice, SimAgent agent)
    {
        var member = dice.Pick(_members);
        var request = Draw(dice, agent, member.ToString());
        Trace($"{Step} till at {agent.Number}: {request}");
        Count(request.Descriptor.Name);
        Pay(agent, request, [], rounds: 2);
        return 2;
    }

    private IMessage Draw(Dice dice, SimAgent agent, string member)
    {
        // Refunds at other stores are rare in a shop, and what the set "refunds" is about.
        var elsewhere = Active.HasFlag(Fault.Refunds) ? 50 : 10;
        var kind = dice.Below(Active.HasFlag(Fault.Refunds) ? 120 : 100);
        return kind switch
        {
            < 42 => new V1.SaleRequest
            {
                RequestId = NextRequest(),
                MemberId = member,
                BillMinor = dice.Between(1, 4_000),
                RedeemPoints = dice.Chance(20) ? 10 * dice.Between(1, 4) : 0,
                OtherTenderMinor = dice.Chance(10) ? 1 : 0,
            },
            < 58 => new V1.TopUpRequest { RequestId = NextRequest(), MemberId = member, AmountMinor = dice.Between(1, 4_000), Tender = (V1.Tender)dice.Below(4) },
            < 64 => new V1.RedeemRequest { RequestId = NextRequest(), MemberId = member, Points = dice.Between(1, 60), What = "gift" },
            < 72 => Adjust(dice, member),
            < 76 => Oracle.AnyOp(dice, agent, 0) is { } stored ? Decide(dice, stored) : new V1.StatusRequest(),
            < 80 => new V1.IdentifyTillRequest { Key = new V1.MemberKey { MemberId = member } },
            < 90 or >= 108 => Oracle.AnyOp(dice, agent, elsewhere) is { } op ? new V1.RefundRequest { RequestId = NextRequest(), Op = OpIdCodec.ToWire(op), AmountMinor = dice.Between(1, Active.HasFlag(Fault.Refunds) ? 3_000 : 1_000) } : new V1.StatusRequest(),
            _ => Oracle.AnyOp(dice, agent, elsewhere) is { } op
                ? new V1.VoidRequest { RequestId = NextRequest(), Op = OpIdCodec.ToWire(op), AsReceivable = Active.HasFlag(Fault.Account) && dice.Chance(30) }
                : new V1.StatusRequest(),
        };
    }

    private V1.AdjustRequest Adjust(Dice dice, string member) => new()
    {
        RequestId = NextRequest(),
        MemberId = member,
        Kind = (V1.BucketKind)(1 + dice.Below(3)),
        DeltaMinor = dice.Chance(50) ? dice.Between(1, 500) : -dice.Between(1, 500),
        Reason = "simulated",
        Operator = "somebody",
    };

    private IMessage Decide(Dice dice, OpId op) => dice.Chance(60)
        ? new V1.TenderRequest { RequestId = NextRequest(), Op = OpIdCodec.ToWire(op) }
        : new V1.RejectTenderRequest { RequestId = NextRequest(), Op = OpIdCodec.ToWire(op) };

    // Two stores that do not hear of each other register one person twice.
    private void Register(Dice dice, SimAgent agent)
    {
        if (!agent.IsUp || _members.Count >= MostMembers)
        {
            return;
        }

        var phone = $"1380000{dice.Below(dice.Chance(70) ? 2 : 9):0000}";
        Trace($"{Step} till at {agent.Number} registers {phone}");
        if (agent.Call<V1.IdentifyAnswer>(new V1.RegisterRequest { RequestId = NextRequest(), Name = "Member", Phone = phone }) is { Member: { } view } && MemberId.TryParse(view.MemberId, out var id))
        {
            Count("members registered");
            _members.Add(id);
        }
    }

    private void ChangePerson(Dice dice, SimAgent agent)
    {
        if (!agent.IsUp)
        {
            return;
        }

        var member = dice.Pick(_members).ToString();
        IMessage request;
        switch (dice.Below(4))
        {
            case 0:
                request = new V1.TagRequest { RequestId = NextRequest(), MemberId = member, Tag = $"tag{dice.Below(3)}" };
                break;
            case 1:
                request = new V1.UntagRequest { RequestId = NextRequest(), MemberId = member, Tag = $"tag{dice.Below(3)}" };
                break;
            default:
                var set = new V1.SetProfileRequest { RequestId = NextRequest(), MemberId = member, Proved = dice.Chance(50) };
                set.Fields.Add(dice.Below(4) switch
                {
                    0 => new V1.FieldChange { Field = V1.ProfileField.Name, Value = $"Name{dice.Below(100)}" },
                    1 => new V1.FieldChange { Field = V1.ProfileField.Notes, Value = $"notes{dice.Below(100)}" },
                    2 => new V1.FieldChange { Field = V1.ProfileField.Email, Value = $"m{dice.Below(100)}@example.org" },
                    _ => new V1.FieldChange { Field = V1.ProfileField.Phone, Value = $"1380000{dice.Below(9):0000}" },
                });
                request = set;
                break;
        }

        Trace($"{Step} till at {agent.Number}: {request}");
        Count(request.Descriptor.Name);
        agent.CallReply(request);
    }

    // What a customer holds in hand is beyond the reach of any crash.
    private void OnReceipt(V1.Receipt receipt)
    {
        if (receipt.Code.Length > 0)
        {
            _receipts.Add(receipt.Code);
        }
    }
}
