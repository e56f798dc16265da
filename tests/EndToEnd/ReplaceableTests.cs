using System.Collections.Immutable;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using Grpc.Core;
using SyncHub.Grpc.Tests;
using Xunit;

namespace SyncHub.EndToEnd.Tests;

/// <summary>grpc/ can be deleted and the official packages referenced instead: the compiled applications, generated code among them, name no member of it that those lack.</summary>
/// <remarks>
/// A reference in a compiled assembly is what the compiler bound to, with its whole signature; so this says what compiling against a stub of the official signatures would.
/// </remarks>
public sealed class ReplaceableTests
{
    // grpc/README.md, "To the official packages": these two move to the application as they are.
    private static readonly string[] Movers = ["Microsoft.AspNetCore.Hosting.GrpcKestrelExtensions", "Grpc.Net.Client.GrpcHttpHandler"];

    [Fact]
    public void The_applications_use_nothing_of_grpc_that_the_official_packages_lack()
    {
        var official = OfficialApi.Ours.Where(ours => OfficialApi.Lines.Contains(ours.Line)).Select(ours => KeysOf(ours.Type, ours.Member)).SelectMany(keys => keys).ToHashSet(StringComparer.Ordinal);
        var used = Directory.EnumerateFiles(AppContext.BaseDirectory, "*.dll").Where(IsOfAnApplication).SelectMany(UsedBy).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToArray();

        Assert.True(used.Length > 60, $"{used.Length} members: the search looks in the wrong place");
        Assert.Contains("Grpc.Core.ServerCallContext.get_CancellationToken: CancellationToken()", used);
        var strangers = used.Where(member => !official.Contains(member) && !Movers.Any(mover => member.StartsWith(mover + '.', StringComparison.Ordinal))).ToArray();
        Assert.True(strangers.Length == 0, "Not official: " + string.Join(Environment.NewLine, strangers));
    }

    private static bool IsOfAnApplication(string path) =>
        Path.GetFileName(path) is var name && (name.StartsWith("SyncHub.", StringComparison.Ordinal) || name == "synchub.dll") && !name.Contains("Tests", StringComparison.Ordinal) && name is not ("SyncHub.Grpc.dll" or "SyncHub.Testing.dll");

    private static IEnumerable<string> UsedBy(string path)
    {
        using var file = new PEReader(File.OpenRead(path));
        var reader = file.GetMetadataReader();
        var names = new Names(typeof(RpcException).Assembly.GetName().Name!);
        var used = new List<string>();
        foreach (var handle in reader.MemberReferences)
        {
            var member = reader.GetMemberReference(handle);
            var owner = member.Parent.Kind switch
            {
                HandleKind.TypeReference => names.FullNameOf(reader, (TypeReferenceHandle)member.Parent),
                HandleKind.TypeSpecification => names.OwnerOf(reader, (TypeSpecificationHandle)member.Parent),
                _ => null,
            };
            if (owner is not null)
            {
                used.Add(member.GetKind() == MemberReferenceKind.Field ? $"{owner}.{reader.GetString(member.Name)}"
                    : $"{owner}.{reader.GetString(member.Name)}: {Signature(member.DecodeMethodSignature(names, null))}");
            }
        }

        return used;
    }

    private static string Signature(MethodSignature<string> signature) => $"{signature.ReturnType}({string.Join(", ", signature.ParameterTypes)})";

    // One member of our assembly as references name it; a property by its accessors, a delegate also by its constructor.
    private static IEnumerable<string> KeysOf(Type type, MemberInfo member) => member switch
    {
        FieldInfo field => [$"{type.FullName}.{field.Name}"],
        PropertyInfo property => property.GetAccessors(nonPublic: true).Select(accessor => KeyOf(type, accessor)),
        MethodBase { Name: "Invoke" } invoke => [KeyOf(type, invoke), $"{type.FullName}..ctor: Void(Object, IntPtr)"],
        MethodBase method => [KeyOf(type, method)],
        _ => [],
    };

    private static string KeyOf(Type type, MethodBase method) =>
        $"{type.FullName}.{method.Name}: {(method is MethodInfo { ReturnType: var returned } ? Short(returned) : "Void")}({string.Join(", ", method.GetParameters().Select(parameter => Short(parameter.ParameterType)))})";

    private static string Short(Type type) => type switch
    {
        { IsGenericMethodParameter: true } => "!!" + type.GenericParameterPosition,
        { IsGenericParameter: true } => "!" + type.GenericParameterPosition,
        { IsArray: true } => Short(type.GetElementType()!) + "[]",
        { IsGenericType: true } => $"{type.Name}<{string.Join(", ", type.GetGenericArguments().Select(Short))}>",
        _ => type.Name,
    };

    /// <summary>Names of types in signatures, and of the types of one assembly in full.</summary>
    private sealed class Names(string assembly) : ISignatureTypeProvider<string, object?>
    {
        /// <summary>A type of the assembly, as reflection names it; null for one of another.</summary>
        public string? FullNameOf(MetadataReader reader, TypeReferenceHandle handle)
        {
            var type = reader.GetTypeReference(handle);
            if (type.ResolutionScope.Kind == HandleKind.TypeReference)
            {
                return FullNameOf(reader, (TypeReferenceHandle)type.ResolutionScope) is { } outer ? $"{outer}+{reader.GetString(type.Name)}" : null;
            }

            return type.ResolutionScope.Kind == HandleKind.AssemblyReference && reader.GetString(reader.GetAssemblyReference((AssemblyReferenceHandle)type.ResolutionScope).Name) == assembly
                ? $"{reader.GetString(type.Namespace)}.{reader.GetString(type.Name)}" : null;
        }

        /// <summary>The type whose generic instance this is; null for one of another assembly.</summary>
        public string? OwnerOf(MetadataReader reader, TypeSpecificationHandle handle)
        {
            var blob = reader.GetBlobReader(reader.GetTypeSpecification(handle).Signature);
            return blob.ReadSignatureTypeCode() == SignatureTypeCode.GenericTypeInstance && blob.ReadCompressedInteger() is var _ && blob.ReadTypeHandle() is { Kind: HandleKind.TypeReference } type
                ? FullNameOf(reader, (TypeReferenceHandle)type) : null;
        }

        public string GetArrayType(string elementType, ArrayShape shape) => elementType + "[,]";

        public string GetByReferenceType(string elementType) => elementType + "&";

        public string GetFunctionPointerType(MethodSignature<string> signature) => "function";

        public string GetGenericInstantiation(string genericType, ImmutableArray<string> typeArguments) => $"{genericType}<{string.Join(", ", typeArguments)}>";

        public string GetGenericMethodParameter(object? genericContext, int index) => "!!" + index;

        public string GetGenericTypeParameter(object? genericContext, int index) => "!" + index;

        public string GetModifiedType(string modifier, string unmodifiedType, bool isRequired) => unmodifiedType;

        public string GetPinnedType(string elementType) => elementType;

        public string GetPointerType(string elementType) => elementType + "*";

        public string GetPrimitiveType(PrimitiveTypeCode typeCode) => typeCode.ToString();

        public string GetSZArrayType(string elementType) => elementType + "[]";

        public string GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind) => reader.GetString(reader.GetTypeDefinition(handle).Name);

        public string GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind) => reader.GetString(reader.GetTypeReference(handle).Name);

        public string GetTypeFromSpecification(MetadataReader reader, object? genericContext, TypeSpecificationHandle handle, byte rawTypeKind) => reader.GetTypeSpecification(handle).DecodeSignature(this, genericContext);
    }
}
