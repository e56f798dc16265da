using SyncHub.Core.Identity;
using SyncHub.Core.Primitives;
using SyncHub.Core.Protocol;
using Xunit;

namespace SyncHub.Core.Tests.Identity;

/// <summary>Who may go on as a store, where two machines ask for the same new life.</summary>
public sealed class HelloJudgeTests
{
    private static readonly LifeKey Machine = new(1);
    private static readonly LifeKey OtherMachine = new(2);
    private static readonly LifeKey Wish = new(3);
    private static readonly StoreLives Reborn = new StoreLives().Begin(Incarnation.First(1, 1), Machine, default).Begin(Incarnation.First(1, 1), Machine, Wish);

    [Fact]
    public void A_machine_whose_answer_was_lost_gets_the_same_life_again()
    {
        var answer = Assert.IsType<Reincarnated>(Ask(Machine));

        Assert.Equal((Incarnation.Of(1, 1), Incarnation.Of(1, 2)), (answer.Old, answer.New));
        Assert.Equal(Reborn.All, answer.Lives.All);
    }

    [Fact]
    public void A_copy_of_a_locked_database_holds_its_wish_too_and_does_not_get_the_life_that_was_given_for_it()
    {
        var answer = Assert.IsType<Quarantined>(Ask(OtherMachine));

        Assert.Equal(Reborn.All, answer.Lives.All);
    }

    private static HelloAnswer Ask(LifeKey device)
    {
        var hello = new Hello(new Holder(new StoreId(1), Incarnation.Of(1, 1)), default, Token: 1, TipSequence: 5, OpHash.Genesis, FeedPosition: 0, IsLocked: true) { Device = device, Wish = Wish };
        return HelloJudge.Judge(Reborn, hello, new HelloContext(First: Incarnation.First(1, 1), IsReconciling: false, Session: null, HasLiveStream: false));
    }
}
