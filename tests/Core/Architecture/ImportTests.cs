using System.Xml.Linq;
using SyncHub.Core.Primitives;

namespace SyncHub.Core.Tests.Architecture;

/// <summary>Who may import whom. A new arrow is a decision: it belongs here first.</summary>
public sealed class ImportTests
{
    private static readonly Dictionary<string, string[]> Map = new(StringComparer.Ordinal)
    {
        ["core"] = [],
        ["grpc"] = [],
        ["storage"] = [],
        ["standard"] = ["grpc"],
        ["protos"] = ["core", "grpc"],
        ["hub"] = ["core", "grpc", "protos", "standard", "storage"],
        ["agent"] = ["core", "grpc", "protos", "standard", "storage"],
    };

    // What System.* the core may lean on: types, collections, hashing and JSON. No I/O, no network, no threads of its own.
    private static readonly string[] PureAssemblies =
    [
        "System.Runtime", "System.Collections", "System.Linq", "System.Memory", "System.Security.Cryptography", "System.Text.Json",
        "System.Text.Encodings.Web", "System.Runtime.Extensions", "System.Runtime.InteropServices", "System.Threading", "System.Numerics.Vectors", "System.Collections.Immutable",
    ];

    // It tells a damaged file from other faults by the database's own exception; storage has no such exception of its own yet.
    private const string MayNameTheDatabase = "deploy/verify/Guarded.cs";

    [Fact]
    public void The_core_references_nothing_but_pure_parts_of_the_runtime() =>
        Assert.All(typeof(Amount).Assembly.GetReferencedAssemblies(), assembly => Assert.Contains(assembly.Name, PureAssemblies));

    [Fact]
    public void Every_folder_of_the_product_imports_exactly_what_the_map_says()
    {
        foreach (var (folder, expected) in Map.Where(entry => File.Exists(Path.Combine(Repository.Root, entry.Key, entry.Key + ".csproj"))))
        {
            Assert.Equal((folder, string.Join(", ", expected)), (folder, string.Join(", ", Imports($"{folder}/{folder}.csproj"))));
        }
    }

    [Fact]
    public void Every_project_is_on_the_map_or_a_test_or_a_program_to_be_deployed()
    {
        var others = Repository.Files("*.csproj").Where(path => !path.StartsWith("tests/", StringComparison.Ordinal) && !path.StartsWith("deploy/", StringComparison.Ordinal));

        Assert.All(others, path => Assert.Contains(Path.GetFileNameWithoutExtension(path), Map.Keys));
    }

    [Fact]
    public void Nothing_of_the_product_imports_a_test()
    {
        var product = Repository.Files("*.csproj").Where(path => !path.StartsWith("tests/", StringComparison.Ordinal));

        Assert.All(product, path => Assert.DoesNotContain("tests/", References(path).Aggregate("", (all, next) => all + next + "\n"), StringComparison.Ordinal));
    }

    [Fact]
    public void Only_storage_and_tests_know_the_database()
    {
        var others = Repository.Files("*.cs").Where(path => !path.StartsWith("storage/", StringComparison.Ordinal) && !path.StartsWith("tests/", StringComparison.Ordinal))
            .Where(path => path != MayNameTheDatabase);

        Assert.All(others, path => Assert.False(Repository.Read(path).Contains("Microsoft.Data.Sqlite", StringComparison.Ordinal), path));
    }

    [Fact]
    public void Every_version_of_a_package_stands_in_one_place()
    {
        var versioned = Repository.Files("*.csproj").Where(path => XDocument.Parse(Repository.Read(path)).Descendants("PackageReference").Any(package => package.Attribute("Version") is not null));

        Assert.Empty(versioned);
    }

    private static IEnumerable<string> Imports(string project) => References(project).Select(path => Path.GetFileNameWithoutExtension(path)!).Order(StringComparer.Ordinal);

    private static IEnumerable<string> References(string project) =>
        XDocument.Parse(Repository.Read(project)).Descendants("ProjectReference").Select(reference => reference.Attribute("Include")!.Value.Replace('\\', '/'));
}
