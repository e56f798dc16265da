using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Refunds;
using SyncHub.Core.Tills;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Tests.Members;

/// <summary>What a merge does to debts and to the rights to refund: they belong to the person, whichever number they were made under.</summary>
public sealed class MergedMemberTests : ITurnContext
{
    private static readonly MemberId Old = MemberId.Create(Make.NowMs, [0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    private static readonly MemberId New = MemberId.Create(Make.NowMs, [0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
    private static readonly MemberId Newest = MemberId.Create(Make.NowMs, [0, 0, 0, 0, 0, 0, 0, 0, 0, 3]);

    private readonly SortedDictionary<MemberId, MemberMachine> _hub = [];
    private readonly Queue<(MemberId To, MemberMessage Message)> _posts = new();
    private readonly Dictionary<Holder, long> _closed = [];
    private readonly Dictionary<int, long> _sequences = [];
    private readonly List<MemberEffect> _effects = [];
    private readonly Dictionary<Holder, string> _payers = [];
    private Op? _sale;

    public MergedMemberTests()
    {
        foreach (var id in (MemberId[])[Old, New, Newest])
        {
            _hub[id] = new MemberMachine(new MemberState(id, Make.Currency));
            Turn(id, new RegisterWanted(MemberProfile.Empty, "reply"));
        }
    }

    public long NowMs => Make.NowMs;

    public PlacementPolicy Policy { get; } = new() { UsualStores = 0 };

    public long FloorLimitMinor => 1_000;

    public bool IsOnline(Holder holder) => true;

    public Holder? OnlineHolder(StoreId store) => Make.Holder(store.Value);

    public long NextAsk() => 1;

    public long ClosedUpTo(Holder holder) => _closed.GetValueOrDefault(holder);

    public string? ReclaimPayer(Holder holder) => _payers.GetValueOrDefault(holder);

    [Fact]
    public void A_debt_is_paid_by_what_the_survivor_has_free_and_only_once()
    {
        Arrive(1, Old, OpType.Sale, Make.Advance(700));
        Merge(Old, New);
        Assert.Equal(700, _hub[New].State.TotalReceivableMinor);

        TopUp(2, New, 500);
        Assert.Equal((200, 0), (_hub[New].State.TotalReceivableMinor, Free(New)));
        TopUp(2, New, 1_000);

        Assert.Equal((0, 0, 800), (_hub[Old].State.Credit.ReceivableMinor, _hub[New].State.TotalReceivableMinor, Free(New)));
        Assert.Equal(0, Free(Old));
    }

    [Fact]
    public void A_debt_of_before_is_paid_through_every_merge_since_and_what_was_paid_does_not_come_back_when_one_is_undone()
    {
        Arrive(1, Old, OpType.Sale, Make.Advance(300));
        TopUp(1, New, 100);
        Merge(Old, New);
        Merge(New, Newest);
        Assert.Equal(200, _hub[Newest].State.TotalReceivableMinor);

        TopUp(2, Newest, 1_000);
        Assert.Equal((0, 800), (_hub[Old].State.Credit.ReceivableMinor, Free(Newest)));
        Turn(Newest, new UnmergeWanted(New, "kim", "two persons", "reply"));

        Assert.Equal((0, 800), (Free(New), Free(Newest)));
    }

    [Fact]
    public void A_debt_of_which_an_older_hub_had_told_its_survivor_nothing_is_paid_after_the_next_sweep()
    {
        Arrive(1, Old, OpType.Sale, Make.Advance(700));
        Merge(Old, New);
        var alias = _hub[New].State.Aliases[Old];
        alias.News = alias.News with { OwesMinor = 0 };
        TopUp(2, New, 1_000);
        Assert.Equal((700, 1_000), (_hub[Old].State.Credit.ReceivableMinor, Free(New)));

        Turn(Old, new SweepWanted("reply"));

        Assert.Equal((0, 300), (_hub[Old].State.Credit.ReceivableMinor, Free(New)));
    }

    [Theory]
    [InlineData(3_000, 1_000, 3_000)]
    [InlineData(1_000, 3_000, 3_000)]
    [InlineData(2_000, 0, 2_000)]
    public void Of_two_credit_limits_the_larger_one_stays_and_the_alias_has_none(long ofLoser, long ofSurvivor, long expected)
    {
        Turn(Old, new CreditLimitWanted(ofLoser, "reply"));
        Turn(New, new CreditLimitWanted(ofSurvivor, "reply"));

        Merge(Old, New);

        Assert.Equal((0, expected), (_hub[Old].State.Credit.LimitMinor, _hub[New].State.Credit.LimitMinor));
        Assert.Equal((0, expected), (_hub[Old].State.Find(Bucket.Credit)?.Pool ?? 0, _hub[New].State.Find(Bucket.Credit)!.Pool));
    }

    [Fact]
    public void What_HQ_says_of_the_survivor_after_a_merge_stands_under_either_number()
    {
        Turn(Old, new CreditLimitWanted(3_000, "reply"));
        Merge(Old, New);

        Turn(Old, new CreditLimitWanted(500, "reply"));
        TopUp(1, Old, 10); // the alias has news again

        Assert.Equal((0, 500), (_hub[Old].State.Credit.LimitMinor, _hub[New].State.Credit.LimitMinor));
    }

    [Theory]
    [InlineData(500)]
    [InlineData(0)]
    public void What_HQ_says_of_the_survivor_while_the_losers_word_is_under_way_stands(long limit)
    {
        Turn(Old, new CreditLimitWanted(3_000, "reply"));
        var merge = Held(() => Merge(Old, New));

        Turn(New, new CreditLimitWanted(limit, "reply"));
        merge();

        Assert.Equal((0, limit), (_hub[Old].State.Credit.LimitMinor, _hub[New].State.Credit.LimitMinor));
    }

    [Fact]
    public void The_limit_of_one_loser_does_not_stand_for_HQs_word_on_the_next()
    {
        Turn(Old, new CreditLimitWanted(1_000, "reply"));
        Turn(Newest, new CreditLimitWanted(3_000, "reply"));
        var second = Held(() => Merge(Newest, New));
        Merge(Old, New);
        second();

        Assert.Equal(3_000, _hub[New].State.Credit.LimitMinor);
    }

    [Fact]
    public void A_hub_that_finds_an_offer_settled_leaves_its_note_to_whoever_settled_it()
    {
        var turn = _hub[New].Turn(new ResumeMerge(UnderWayKind.Offer, Old), this);

        Assert.Empty(turn.UnderWay);
    }

    [Fact]
    public void An_answer_to_what_was_said_before_does_not_end_what_was_said_since_though_the_member_was_read_anew()
    {
        TopUp(1, Old, 500);
        Merge(Old, New);
        _ = Held(() => TopUp(1, Old, 100));
        _ = Held(() => TopUp(1, Old, 100));
        var said = _hub[Old].State.Version;
        _hub[Old] = new MemberMachine(_hub[Old].State);

        var late = Assert.Single(_hub[Old].Turn(new TransferTaken(New, said - 1), this).UnderWay);
        var now = Assert.Single(_hub[Old].Turn(new TransferTaken(New, said), this).UnderWay);

        Assert.False(late.Ends(said));
        Assert.True(now.Ends(said));
    }

    [Fact]
    public void A_former_alias_answers_to_the_release_that_it_heard_of_and_to_no_later_one()
    {
        Merge(Old, New);
        _effects.Clear();

        Turn(Old, new ReleaseAlias(New, 1, "the hub", "of a merge before"));

        Assert.Equal([1], _effects.OfType<PostTo>().Select(post => post.Message).OfType<ReleaseTaken>().Select(taken => taken.UpToOffer));
        Assert.True(_hub[Old].State.IsAlias);
        Assert.False(Assert.Single(_hub[New].Turn(new ReleaseTaken(Old, 1), this).UnderWay).Ends(2));
    }

    [Fact]
    public void Credit_that_a_store_held_of_a_merged_member_ends_when_it_comes_back()
    {
        Turn(Old, new CreditLimitWanted(3_000, "reply"));
        Turn(Old, new RightsWanted(Make.Holder(1), 1, [new GrantedLine(Bucket.Credit, 1_000)], Checkout: true));
        Merge(Old, New);
        Assert.Equal((0, 1_000), (_hub[Old].State.Credit.LimitMinor, _hub[Old].State.TotalOf(Bucket.Credit)));

        Arrive(1, Old, OpType.Relinquish, Make.Relinquish(Bucket.Credit, 1_000));

        Assert.Equal((0, 3_000), (_hub[Old].State.TotalOf(Bucket.Credit), _hub[New].State.TotalOf(Bucket.Credit)));
    }

    [Fact]
    public void A_debt_that_was_undone_while_its_payment_was_under_way_sends_the_payment_back()
    {
        var sale = Arrive(1, Old, OpType.Sale, Make.Advance(700));
        Merge(Old, New);
        var payment = Held(() => TopUp(2, New, 1_000));
        Arrive(1, Old, OpType.Void, sale, new Move(MoveKind.Settle, Bucket.Principal, 700, 0));
        payment();

        Assert.Equal((0, 0, 1_000), (_hub[Old].State.Credit.ReceivableMinor, Free(Old), Free(New)));
    }

    [Fact]
    public void A_sale_of_before_the_merge_is_refunded_at_another_store_and_what_was_given_back_under_either_name_counts()
    {
        Sell();
        Refund(1, Old, 100);
        Merge(Old, New);
        Refund(1, New, 200);
        Close(1);

        var right = Ask(2);
        Assert.Equal(700, right.Op?.RefundableMinor);
        Assert.Contains(new StoreId(2), _hub[New].State.Followers);
        Refund(2, New, 300);
        Close(2);
        Assert.Equal(400, Ask(3).Op?.RefundableMinor);
    }

    [Fact]
    public void After_a_merge_was_undone_what_was_given_back_under_the_survivors_name_still_counts()
    {
        Sell();
        Merge(Old, New);
        Refund(1, New, 1_000);
        Turn(New, new UnmergeWanted(Old, "kim", "two persons", "reply"));
        Close(1);

        Assert.Equal(RejectionCode.RefundTooLarge, Ask(2).Refusal?.Code);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void What_a_reclaimed_life_gave_back_under_the_survivors_name_its_payer_bears_once_another_store_has_the_right(int owner)
    {
        Sell();
        Merge(Old, New);
        if (owner != 1)
        {
            Close(1);
            Assert.NotNull(Ask(owner).Op); // the right had moved before
        }

        _payers[Make.Holder(owner)] = "hq/loss";
        Assert.Equal(1_000, Ask(2).Op?.RefundableMinor);
        Refund(owner, New, 900);
        var late = _effects.OfType<AcknowledgeOp>().Last();
        Refund(2, New, 1_000);

        Assert.Equal(Classification.Liability, late.Classification);
        Assert.StartsWith("hq/loss bears it", late.Note, StringComparison.Ordinal);
        Assert.Equal(Classification.Normal, _effects.OfType<AcknowledgeOp>().Last().Classification);
    }

    [Fact]
    public void Under_the_survivors_name_too_a_reclaimed_lifes_late_refund_is_one_as_any_other_while_nobody_else_has_the_right()
    {
        Sell();
        Merge(Old, New);
        _payers[Make.Holder(1)] = "hq/loss";

        Refund(1, New, 900);

        Assert.Equal(Classification.Normal, _effects.OfType<AcknowledgeOp>().Last().Classification);
        Assert.Equal(100, Ask(2).Op?.RefundableMinor);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_right_that_stays_with_a_reclaimed_life_because_of_a_later_survivor_leaves_its_late_refunds_as_any_other(bool nothingIsLeft)
    {
        Sell();
        Merge(Old, New);
        Merge(New, Newest);
        Turn(Newest, new OpArrived(Undo(1, Newest, nothingIsLeft ? 1_000 : 200)) { ParkBecause = nothingIsLeft ? "" : "somebody has to look", Undoing = new Undoing(OwnOp.Of(_sale!)) });
        _payers[Make.Holder(1)] = "hq/loss";
        Assert.Equal(nothingIsLeft ? RejectionCode.RefundTooLarge : RejectionCode.RefundRightElsewhere, Ask(2).Refusal?.Code);

        Refund(1, New, 300);

        Assert.NotEqual(Classification.Liability, _effects.OfType<AcknowledgeOp>().Last().Classification);
        Assert.Equal(300, _hub[New].State.UndoneOf(_sale!.Id).GivenBack.Sum(back => back.AmountMinor));
    }

    [Fact]
    public void While_a_refund_under_the_survivors_name_waits_for_a_person_the_right_stays()
    {
        Sell();
        Merge(Old, New);
        var refund = Undo(1, New, 200);
        Turn(New, new OpArrived(refund) { ParkBecause = "somebody has to look", Undoing = new Undoing(OwnOp.Of(_sale!)) });
        Close(1);

        Assert.Equal(RejectionCode.RefundRightElsewhere, Ask(2).Refusal?.Code);
    }

    [Fact]
    public void Two_stores_that_ask_at_once_do_not_both_get_the_right()
    {
        Sell();
        Merge(Old, New);
        Close(1);
        var second = Held(() => Turn(Old, Asked(3)));
        var first = Ask(2);
        _effects.Clear();
        second();

        Assert.NotNull(first.Op);
        Assert.Equal(RejectionCode.RefundRightElsewhere, Assert.Single(_effects.OfType<SendRefundRight>()).Refusal?.Code);
    }

    [Fact]
    public void A_store_that_is_refused_a_right_hears_of_the_member_from_then_on()
    {
        Sell();
        Assert.NotNull(Ask(2).Refusal);

        Assert.Contains(new StoreId(2), _hub[Old].State.Followers);
    }

    private void Sell()
    {
        TopUp(1, Old, 5_000);
        Turn(Old, new RightsWanted(Make.Holder(1), 1, [new GrantedLine(Bucket.Principal, 1_000)], false));
        _sale = Arrive(1, Old, OpType.Sale, Make.Debit(Bucket.Principal, 1_000, 1_000));
    }

    private void TopUp(int store, MemberId member, long amount)
    {
        Arrive(store, member, OpType.TopUp, Make.Credit(Bucket.Principal, amount));
        Arrive(store, member, OpType.Relinquish, Make.Relinquish(Bucket.Principal, amount));
    }

    private Op Undo(int store, MemberId member, long amount) => new()
    {
        Id = Next(store),
        Type = OpType.Refund,
        Member = member,
        Reference = _sale!.Id,
        Moves = [Make.Credit(Bucket.Principal, amount)],
        RulesetVersion = 1,
        ClosedUpTo = ClosedUpTo(Make.Holder(store)),
    };

    private void Refund(int store, MemberId member, long amount) => Turn(member, new OpArrived(Undo(store, member, amount)) { Undoing = new Undoing(OwnOp.Of(_sale!)) });

    private void Close(int store) => _closed[Make.Holder(store)] = Next(store).Sequence;

    private RefundRightWanted Asked(int store) => new(Make.Holder(store), 1, OwnOp.Of(_sale!), _sequences.GetValueOrDefault(store) + 1);

    private SendRefundRight Ask(int store)
    {
        _effects.Clear();
        Turn(Old, Asked(store));
        return Assert.Single(_effects.OfType<SendRefundRight>());
    }

    private void Merge(MemberId loser, MemberId survivor) => Turn(survivor, new MergeWanted(loser, "kim", "twice", "reply"));

    private long Free(MemberId member) => _hub[member].State.Find(Bucket.Principal)?.Pool ?? 0;

    private OpId Next(int store) => Make.Id(_sequences[store] = _sequences.GetValueOrDefault(store) + 1, store);

    private Op Arrive(int store, MemberId member, OpType type, params Move[] moves) => Arrive(store, member, type, null, moves);

    private Op Arrive(int store, MemberId member, OpType type, Op? undone, params Move[] moves)
    {
        var op = new Op { Id = Next(store), Type = type, Member = member, Moves = moves, RulesetVersion = 1, Reference = undone?.Id };
        Turn(member, new OpArrived(op) { Undoing = undone is null ? null : new Undoing(OwnOp.Of(undone)) });
        return op;
    }

    // What happens between members waits until the action that comes back is called.
    private Action Held(Action action)
    {
        _isHolding = true;
        action();
        _isHolding = false;
        var held = _posts.ToArray();
        _posts.Clear();
        return () =>
        {
            foreach (var post in held)
            {
                _posts.Enqueue(post);
            }

            Deliver();
        };
    }

    private bool _isHolding;

    private void Turn(MemberId id, MemberMessage message)
    {
        Take(id, message);
        if (!_isHolding)
        {
            Deliver();
        }
    }

    private void Deliver()
    {
        while (_posts.TryDequeue(out var post))
        {
            Take(post.To, post.Message);
        }
    }

    private void Take(MemberId id, MemberMessage message)
    {
        foreach (var effect in _hub[id].Turn(message, this).Effects)
        {
            _effects.Add(effect);
            if (effect is PostTo post)
            {
                _posts.Enqueue((post.To, post.Message));
            }
        }

        Assert.Null(_hub[id].State.FindBreach());
    }
}
