using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Rules;
using SyncHub.Core.Tills;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Tests.Tills;

/// <summary>Who has to stand behind an op, as a table.</summary>
public sealed class CashierTests
{
    private static readonly MemberId Member = MemberId.Create(1, new byte[10]);

    [Theory]
    [InlineData(OpType.Sale, 900_000, "", "", RejectionCode.NotSignedIn)]
    [InlineData(OpType.Sale, 900_000, "ann", "", null)]
    [InlineData(OpType.RegisterMember, 0, "", "", RejectionCode.NotSignedIn)]
    [InlineData(OpType.CloseDay, 0, "", "", RejectionCode.NotSignedIn)]
    [InlineData(OpType.Refund, 5_000, "ann", "", null)]
    [InlineData(OpType.Refund, 5_001, "ann", "", RejectionCode.ApprovalNeeded)]
    [InlineData(OpType.Refund, 5_001, "ann", "ann", RejectionCode.ApprovalNeeded)]
    [InlineData(OpType.Refund, 5_001, "ann", "bob", null)]
    [InlineData(OpType.Void, 5_001, "ann", "", RejectionCode.ApprovalNeeded)]
    [InlineData(OpType.Void, 5_001, "ann", "bob", null)]
    [InlineData(OpType.Adjust, 1, "ann", "", RejectionCode.ApprovalNeeded)]
    [InlineData(OpType.Adjust, 1, "ann", "bob", null)]
    [InlineData(OpType.Adjust, 1, "", "bob", RejectionCode.NotSignedIn)]
    public void With_cashiers_required_an_op_needs_a_cashier_and_a_large_or_manual_one_a_second_person(OpType type, long amount, string cashier, string approver, RejectionCode? refusal) =>
        Assert.Equal(refusal, new TillMachine(Rules(new CashierRules { Required = true, ApprovalAboveMinor = 5_000 })).FindUnsigned(OpOf(type, amount, cashier, approver))?.Code);

    [Theory]
    [InlineData(OpType.Sale, 900_000, "", null)]
    [InlineData(OpType.Refund, 50_000, "", null)]
    [InlineData(OpType.Refund, 50_001, "", RejectionCode.ApprovalNeeded)]
    [InlineData(OpType.Refund, 50_001, "bob", null)]
    [InlineData(OpType.Refund, 50_001, "KIM", RejectionCode.ApprovalNeeded)]
    [InlineData(OpType.Void, 50_001, "", RejectionCode.ApprovalNeeded)]
    [InlineData(OpType.Adjust, 1, "", RejectionCode.ApprovalNeeded)]
    [InlineData(OpType.Adjust, 1, "kim", RejectionCode.ApprovalNeeded)]
    [InlineData(OpType.Adjust, 1, "bob", null)]
    public void Where_the_rules_say_nothing_nobody_signs_in_but_what_is_large_or_made_by_hand_takes_a_second_person(OpType type, long amount, string approver, RejectionCode? refusal) =>
        Assert.Equal(refusal, new TillMachine(Rules(null)).FindUnsigned(OpOf(type, amount, "", approver) with { Operator = "kim" })?.Code);

    [Theory]
    [InlineData(OpType.Refund, true)]
    [InlineData(OpType.Adjust, false)]
    public void One_person_is_enough_only_where_the_rules_say_so_in_so_many_words(OpType type, bool required) =>
        Assert.Null(new TillMachine(RulesetJson.Parse(RulesetJson.Write(Rules(new CashierRules { Required = required, OnePersonIsEnough = true })))).FindUnsigned(OpOf(type, 900_000, "ann", "")));

    [Fact]
    public void Rules_in_which_two_people_are_needed_are_written_as_older_agents_read_them() =>
        Assert.DoesNotContain("onePerson", RulesetJson.Write(Rules(new CashierRules { Required = true })), StringComparison.OrdinalIgnoreCase);

    [Fact]
    public void A_confirmed_payment_of_a_top_up_is_no_adjustment_by_hand() =>
        Assert.Null(new TillMachine(Rules(new CashierRules { Required = true })).FindUnsigned(OpOf(OpType.Adjust, 1, "ann", "") with { Reference = new OpId(new Holder(new StoreId(1), Incarnation.Of(1, 1)), 1) }));

    [Theory]
    [InlineData(-1)]
    [InlineData(long.MaxValue)]
    public void Rules_that_make_no_sense_are_refused(long above) =>
        Assert.Throws<RulesetException>(() => RulesetJson.Parse(RulesetJson.Write(Rules(new CashierRules { ApprovalAboveMinor = above }))));

    [Fact]
    public void Rules_without_cashiers_are_written_as_older_agents_read_them() =>
        Assert.DoesNotContain("cashiers", RulesetJson.Write(RulesetJson.Preset("youzan")), StringComparison.OrdinalIgnoreCase);

    private static Ruleset Rules(CashierRules? cashiers) => RulesetJson.Preset("youzan") with { Cashiers = cashiers };

    private static Op OpOf(OpType type, long amount, string cashier, string approver) => new()
    {
        Id = new OpId(new Holder(new StoreId(1), Incarnation.Of(1, 1)), 2),
        Type = type,
        Member = Member,
        Moves = amount == 0 ? [] : [new Move(type is OpType.Refund or OpType.Void ? MoveKind.Credit : MoveKind.Debit, Bucket.Principal, amount, 0)],
        Cashier = cashier,
        Approver = approver,
    };
}
