using System.Reflection;
using Xunit;

namespace SyncHub.Grpc.Tests;

/// <summary>The public API is the official one: what generated code and applications compile against here, they compile against there.</summary>
/// <remarks>The other direction, that the applications use nothing else, is <c>tests/EndToEnd/ReplaceableTests</c>.</remarks>
public sealed class ApiTests
{
    [Fact]
    public void Every_signature_of_the_official_packages_that_applications_may_use_is_here()
    {
        var ours = OfficialApi.Ours.Select(member => member.Line).ToHashSet(StringComparer.Ordinal);
        var missing = OfficialApi.Lines.Where(line => !ours.Contains(line)).ToArray();
        Assert.True(missing.Length == 0, "Missing: " + string.Join(Environment.NewLine, missing));
    }

    // Who derives must override exactly what is abstract: one more or one less here would not compile there.
    [Fact]
    public void What_applications_must_override_is_what_the_official_packages_ask_for()
    {
        var wanted = OfficialApi.Ours.Where(ours => ours.Type.IsClass && ours.Member is MethodInfo { IsAbstract: true } or PropertyInfo { GetMethod.IsAbstract: true }).Select(ours => ours.Line).ToArray();
        Assert.NotEmpty(wanted);
        Assert.Empty(wanted.Except(OfficialApi.Lines));
    }
}
