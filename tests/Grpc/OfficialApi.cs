using System.Globalization;
using System.Reflection;
using Grpc.Core;

namespace SyncHub.Grpc.Tests;

/// <summary>The signatures of the official packages (official-api.txt), and those of this assembly in the same words.</summary>
internal static class OfficialApi
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    /// <summary>The lines of official-api.txt.</summary>
    public static HashSet<string> Lines { get; } = [.. File.ReadLines(Path.Combine(AppContext.BaseDirectory, "official-api.txt")).Where(line => line.Length > 0 && line[0] != '#')];

    /// <summary>The types of official-api.txt, as reflection names them.</summary>
    public static HashSet<string> Types { get; } = [.. Lines.Select(line => line.Split(": ")[0].Split('<')[0])];

    /// <summary>What of this assembly others can see: public, or protected where they may derive.</summary>
    public static IEnumerable<(Type Type, MemberInfo Member, string Line)> Ours { get; } =
        [.. typeof(RpcException).Assembly.GetExportedTypes().SelectMany(type => type.GetMembers(Declared).Where(IsSeen).Select(member => (type, member, $"{NameOf(type)}: {LineOf(member)}")))];

    private static bool IsSeen(MemberInfo member) => member switch
    {
        MethodBase { IsSpecialName: true } method => method is ConstructorInfo && IsSeen(method),
        MethodBase method => IsSeen(method),
        PropertyInfo property => property.GetAccessors(nonPublic: true).Any(IsSeen),
        FieldInfo field => !field.IsSpecialName && (field.IsPublic || field.IsFamily),
        _ => false,
    };

    private static bool IsSeen(MethodBase method) => method is not ConstructorInfo { IsStatic: true } && (method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly);

    private static string LineOf(MemberInfo member) => member switch
    {
        ConstructorInfo constructor => $"{Prefix(constructor)}new({Parameters(constructor)})",
        MethodInfo method => $"{Prefix(method)}{Short(method.ReturnType)} {method.Name}({Parameters(method)})",
        PropertyInfo property => Property(property),
        FieldInfo { DeclaringType.IsEnum: true } value => $"{value.Name} = {Convert.ToInt32(value.GetRawConstantValue(), CultureInfo.InvariantCulture)}",
        FieldInfo field => $"{(field.IsPublic ? "" : "protected ")}{(field.IsStatic ? "static " : "")}{Short(field.FieldType)} {field.Name}",
        _ => "",
    };

    private static string Prefix(MethodBase method) => (method.IsPublic ? "" : "protected ") + (method.IsStatic ? "static " : "");

    private static string Property(PropertyInfo property)
    {
        var getter = property.GetAccessors(nonPublic: true)[0];
        return $"{Prefix(getter)}{Short(property.PropertyType)} {property.Name} {{ get{(property.GetSetMethod(nonPublic: true) is { } setter && IsSeen(setter) ? " set" : "")} }}";
    }

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(parameter => Short(parameter.ParameterType)));

    private static string NameOf(Type type) => type.FullName!.Split('`')[0] + Arguments(type);

    private static string Short(Type type) => type.IsArray ? Short(type.GetElementType()!) + "[]" : type.Name.Split('`')[0] + Arguments(type);

    private static string Arguments(Type type) => type.IsGenericType ? $"<{string.Join(", ", type.GetGenericArguments().Select(Short))}>" : "";
}
