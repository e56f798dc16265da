using System.Text;
using SyncHub.Storage;
using SyncHub.V1;
using static SyncHub.Verify.Tests.Make;

namespace SyncHub.Verify.Tests;

/// <summary>The directory of phones and cards is what profiles say.</summary>
public sealed class ClaimTests
{
    private static readonly UInt128 Dee = new(0x0190_0000_0000_0004, 0x1111_2222_3333_4444);
    private static readonly UInt128 Eve = new(0x0190_0000_0000_0005, 0x1111_2222_3333_4444);

    [Fact]
    public async Task A_claim_of_the_first_of_two_claimants_is_sound()
    {
        using var chains = await ChainOf(Dee, Eve, Directory("phone", "5550100", Dee));

        Assert.True(chains.Audit().IsClean(converged: true), string.Join('\n', chains.Audit().Findings));
    }

    [Fact]
    public async Task A_claim_of_a_member_who_does_not_have_it_is_found()
    {
        using var chains = await ChainOf(Dee, Eve, Directory("phone", "5550100", Dee), Directory("card", "x-1", Ann));

        Assert.Equal(1, chains.Audit().Counts["claim_wrong"]);
    }

    [Fact]
    public async Task A_claim_that_is_missing_is_found_where_nobody_else_may_have_it()
    {
        using var chains = await ChainOf(Dee, null);

        Assert.Equal(1, chains.Audit().Counts["claim_missing"]);
    }

    private static DocumentWrite Directory(string kind, string value, UInt128 member) => new(kind, Encoding.UTF8.GetBytes(value), Key(member));

    private static Task<Chains> ChainOf(UInt128 first, UInt128? second, params DocumentWrite[] directory) => Chains.HealthyAsync(async chain =>
    {
        foreach (var member in (UInt128?[])[first, second])
        {
            if (member is { } registered)
            {
                await chain.Event(registered, new MemberEventRecord { Registered = new RegisteredEvent { Profile = new MemberProfile { Name = "D", Phone = "5550100" } } });
            }
        }

        await chain.HubDocuments(directory);
    });
}
