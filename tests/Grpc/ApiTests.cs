using System.Reflection;
using Grpc.Core;
using Xunit;

namespace SyncHub.Grpc.Tests;

/// <summary>The public API is the official one: what generated code and applications compile against here, they compile against there.</summary>
public sealed class ApiTests
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    [Fact]
    public void Every_signature_of_the_official_packages_that_applications_may_use_is_here()
    {
        var ours = typeof(RpcException).Assembly.GetExportedTypes().SelectMany(type => Members(type).Select(member => $"{NameOf(type)}: {member}")).ToHashSet(StringComparer.Ordinal);
        var official = File.ReadLines(Path.Combine(AppContext.BaseDirectory, "official-api.txt")).Where(line => line.Length > 0 && line[0] != '#');
        var missing = official.Where(line => !ours.Contains(line)).ToArray();
        Assert.True(missing.Length == 0, "Missing: " + string.Join(Environment.NewLine, missing));
    }

    private static IEnumerable<string> Members(Type type)
    {
        if (type.IsEnum)
        {
            return Enum.GetNames(type).Select(name => $"{name} = {Convert.ToInt32(Enum.Parse(type, name), System.Globalization.CultureInfo.InvariantCulture)}");
        }

        return type.GetConstructors().Select(constructor => $"new({Parameters(constructor)})")
            .Concat(type.GetProperties(Declared).Select(Property))
            .Concat(type.GetFields(Declared).Select(field => $"{(field.IsStatic ? "static " : "")}{Short(field.FieldType)} {field.Name}"))
            .Concat(type.GetMethods(Declared).Where(method => !method.IsSpecialName).Select(method => $"{(method.IsStatic ? "static " : "")}{Short(method.ReturnType)} {method.Name}({Parameters(method)})"));
    }

    private static string Property(PropertyInfo property)
    {
        var isStatic = property.GetAccessors()[0].IsStatic ? "static " : "";
        return $"{isStatic}{Short(property.PropertyType)} {property.Name} {{ get{(property.GetSetMethod() is null ? "" : " set")} }}";
    }

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(parameter => Short(parameter.ParameterType)));

    private static string NameOf(Type type) => type.FullName!.Split('`')[0] + Arguments(type);

    private static string Short(Type type) => type.IsArray ? Short(type.GetElementType()!) + "[]" : type.Name.Split('`')[0] + Arguments(type);

    private static string Arguments(Type type) => type.IsGenericType ? $"<{string.Join(", ", type.GetGenericArguments().Select(Short))}>" : "";
}
