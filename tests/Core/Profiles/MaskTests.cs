using SyncHub.Core.Members;
using SyncHub.Core.Primitives;
using SyncHub.Core.Profiles;
using Xunit;

namespace SyncHub.Core.Tests.Profiles;

/// <summary>What stays readable of personal data for those who need not know them.</summary>
public sealed class MaskTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("7", "***")]
    [InlineData("1234", "***34")]
    [InlineData("5550100", "***100")]
    [InlineData("+8613800001234", "***1234")]
    public void Of_a_number_at_most_four_digits_and_at_most_half_are_shown(string number, string shown) => Assert.Equal(shown, Mask.Number(number));

    [Theory]
    [InlineData("", "")]
    [InlineData("Ann", "A***")]
    [InlineData("王小明", "王***")]
    [InlineData("𠮷野", "𠮷***")]
    [InlineData("ann@example.com", "a***")]
    public void Of_a_name_or_address_the_first_character_is_shown(string name, string shown) => Assert.Equal(shown, Mask.Name(name));

    [Fact]
    public void Every_field_of_a_profile_is_masked_also_one_that_is_not_known()
    {
        var masked = new MemberProfile("Annabel", "5550100", "c-4711", new StoreId(3), "allergic") { Email = "ann@example.com" }.Masked();

        Assert.Equal(new MemberProfile("A***", "***100", "***711", new StoreId(3), "***") { Email = "a***" }, masked);
        Assert.All(ProfileFields.All, field => Assert.Equal(ProfileFields.Of(masked, field), Mask.Value(field, ProfileFields.Of(new MemberProfile("Annabel", "5550100", "c-4711", new StoreId(3), "allergic") { Email = "ann@example.com" }, field))));
        Assert.Equal("***", Mask.Value((ProfileField)99, "secret"));
    }
}
