using SyncHub.Demo.Replay;
using SyncHub.V1;

namespace SyncHub.Demo.Tests;

public sealed class BookTests
{
    private readonly Book _book = new();

    [Fact]
    public void A_wallet_is_what_was_paid_in_and_given_less_what_was_spent()
    {
        var member = Member();
        member.EnterTopUp(new Receipt { ToppedUpMinor = 50_000, BonusMinor = 5_000 });
        member.EnterSale(0, Sale(1, principal: 7_000, bonus: 5_000));
        Assert.Equal((43_000, 0, 43_000), (member.PrincipalMinor, member.BonusMinor, member.WalletMinor));
        Assert.Equal(0, _book.Overdrafts);
    }

    [Fact]
    public void Money_spent_at_two_stores_at_once_shows_as_an_overdraft()
    {
        var member = Member();
        member.EnterTopUp(new Receipt { ToppedUpMinor = 10_000 });
        member.EnterSale(0, Sale(1, principal: 10_000));
        member.EnterSale(1, Sale(1, principal: 1));
        Assert.Equal(1, _book.Overdrafts);
    }

    [Fact]
    public void Bonus_that_is_spent_twice_is_an_overdraft_though_principal_would_cover_it()
    {
        var member = Member();
        member.EnterTopUp(new Receipt { ToppedUpMinor = 50_000, BonusMinor = 5_000 });
        member.EnterSale(0, Sale(1, bonus: 5_000));
        member.EnterSale(1, Sale(1, bonus: 5_000));
        Assert.Equal(1, _book.Overdrafts);
    }

    [Fact]
    public void A_refund_gives_back_to_what_paid_and_cannot_be_found_again()
    {
        var member = Member();
        member.EnterTopUp(new Receipt { ToppedUpMinor = 10_000 });
        member.EnterSale(2, Sale(9, principal: 4_000));
        Assert.Null(member.FindSale(2, 4_001));
        Assert.Null(member.FindSale(1, 4_000));
        var sale = member.FindSale(2, 4_000)!;
        Assert.Equal(9, sale.Op.Sequence);
        member.EnterRefund(sale, new Receipt { PaidPrincipalMinor = 4_000 });
        Assert.Equal(10_000, member.WalletMinor);
        Assert.Null(member.FindSale(2, 1));
    }

    [Fact]
    public void The_newest_sale_is_refunded_first()
    {
        var member = Member();
        member.EnterSale(0, Sale(1, principal: 100));
        member.EnterSale(0, Sale(2, principal: 100));
        Assert.Equal(2, member.FindSale(0, 100)!.Op.Sequence);
    }

    [Fact]
    public void Wallets_that_differ_or_are_missing_elsewhere_are_found()
    {
        foreach (var name in (string[])["same", "other", "missing", "empty", "unregistered"])
        {
            var member = _book.Of(name);
            member.Id = name == "unregistered" ? null : name;
            if (name != "empty")
            {
                member.EnterTopUp(new Receipt { ToppedUpMinor = 100 });
            }
        }

        var theirs = new Dictionary<string, long>(StringComparer.Ordinal) { ["same"] = 100, ["other"] = 99, ["empty"] = 0 };
        Assert.Equal(["other", "missing"], _book.FindMismatches(theirs, member => member.WalletMinor).Select(found => found.Member));
    }

    [Theory]
    [InlineData(0, 1, 5_000)]          // 5 x 0.01, up to 50.00
    [InlineData(0, 1_000, 5_000)]      // 5 x 10.00 is 50.00
    [InlineData(0, 1_001, 10_000)]     // 50.05, up to 100.00
    [InlineData(999, 1_000, 5_000)]
    [InlineData(1_000, 1_000, 0)]
    [InlineData(0, 16_846_960, 84_235_000)]
    [InlineData(0, long.MaxValue, TopUpRule.LargestMinor)]
    public void A_member_tops_up_five_bills_rounded_up_when_the_wallet_is_below_the_bill(long wallet, long bill, long expected) =>
        Assert.Equal(expected, TopUpRule.AmountFor(wallet, bill));

    [Theory]
    [InlineData("1238")]
    [InlineData("")]
    [InlineData("with spaces, and 中文")]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123456789")]
    public void Every_trace_name_gives_a_card_that_a_till_takes(string name)
    {
        Assert.InRange(Cards.NumberOf(name).Length, 1, 40);
        Assert.Equal(Cards.NumberOf(name), Cards.NumberOf(name));
        Assert.NotEqual(Cards.NumberOf(name), Cards.NumberOf(name + "x"));
        Assert.InRange(Cards.NameOf(name).Length, 1, 100);
    }

    private MemberBook Member() => _book.Of("m");

    private static Receipt Sale(long sequence, long principal = 0, long bonus = 0) =>
        new() { Op = new OpId { Store = 1, Sequence = sequence }, PaidPrincipalMinor = principal, PaidBonusMinor = bonus };
}
