using SyncHub.Core.Cases;
using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Profiles;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Tests.Cases;

public sealed class CaseRulesTests : ITurnContext
{
    private readonly MemberMachine _hub = new(new MemberState(Make.Member, Make.Currency));

    public long NowMs => Make.NowMs;

    public PlacementPolicy Policy { get; } = new() { UsualStores = 0 };

    public bool IsOnline(Holder holder) => true;

    public Holder? OnlineHolder(StoreId store) => Make.Holder(store.Value);

    public long NextAsk() => 1;

    public static TheoryData<string, Op, CaseKind, long, string> Table => new()
    {
        { "rights that nobody backed", Make.Op(OpType.Sale, Make.Debit(Bucket.Principal, 500)), CaseKind.UnbackedUse, 500, "store/1/loss" },
        { "a grant that the hub never made", Make.Op(OpType.TopUp, Make.Credit(Bucket.Principal, 500, grantedSeen: 9)), CaseKind.UnknownGrant, 500, "" },
        { "a type of a newer version", Make.Op((OpType)99, Make.Debit(Bucket.Principal, 500)), CaseKind.ParkedOp, 500, "" },
        { "a move that makes no sense", Make.Op(OpType.Sale, Make.Relinquish(Bucket.Principal, 500)), CaseKind.ParkedOp, 500, "" },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public void An_op_that_is_not_normal_opens_one_case_in_its_own_turn(string what, Op op, CaseKind kind, long amountMinor, string payer)
    {
        var turn = _hub.Turn(new OpArrived(op), this);

        var opened = Assert.Single(turn.Cases);
        Assert.True(opened.Kind == kind, $"{what}: {opened.Kind}");
        Assert.Equal((amountMinor, payer, op.Id, Make.Member, true), (opened.AmountMinor, opened.PayerAccount, opened.Op, opened.Member, opened.IsOpen));
        Assert.NotEmpty(opened.Note);
        Assert.NotEmpty(opened.Booked);
        Assert.NotEmpty(opened.Remedy);
        Assert.Empty(_hub.Turn(new OpArrived(op), this).Cases);
    }

    [Fact]
    public void A_normal_op_opens_none() =>
        Assert.Empty(_hub.Turn(new OpArrived(Make.Op(OpType.TopUp, Make.Credit(Bucket.Principal, 500))), this).Cases);

    [Fact]
    public void The_same_decision_names_the_same_case_and_cases_sort_by_time()
    {
        var place = Make.Id(7);

        Assert.Equal(CaseRules.Unreadable(place, "x", 5).Id, CaseRules.Unreadable(place, "y", 5).Id);
        Assert.NotEqual(CaseRules.Unreadable(place, "x", 5).Id, CaseRules.Unreadable(Make.Id(8), "x", 5).Id);
        Assert.True(CaseRules.Unreadable(Make.Id(8), "x", 5).Id.CompareTo(CaseRules.Unreadable(place, "x", 6).Id) < 0);
        Assert.True(CaseId.TryParse(CaseRules.Unreadable(place, "x", 5).Id.ToString().ToLowerInvariant(), out var parsed));
        Assert.Equal(CaseRules.Unreadable(place, "x", 5).Id, parsed);
    }

    [Fact]
    public void Claims_follow_the_profile_of_a_registration_and_of_the_next_one()
    {
        var first = Register(1, "5550100", "a-1");
        var second = Register(2, "5550199", "a-1");

        Assert.Equal([Taken(ClaimKind.Phone, "5550100"), Taken(ClaimKind.Card, "a-1")], first.Claims);
        Assert.Equal([Taken(ClaimKind.Phone, "5550100") with { IsTaken = false }, Taken(ClaimKind.Phone, "5550199")], second.Claims);
    }

    private static ClaimChange Taken(ClaimKind kind, string value) => new(new Claim(kind, value), Make.Member, IsTaken: true);

    private TurnResult Register(long sequence, string phone, string card) =>
        _hub.Turn(new OpArrived(Make.Op(OpType.RegisterMember) with { Id = Make.Id(sequence), Profile = new MemberProfile("Ann", phone, card, new StoreId(1), "") }), this);

    [Fact]
    public void Every_kind_says_what_to_do() =>
        Assert.All(Enum.GetValues<CaseKind>(), kind => Assert.EndsWith(".", CaseRules.RemedyOf(kind), StringComparison.Ordinal));
}
