using Grpc.Core;

namespace Grpc.AspNetCore.Server;

/// <summary>On the endpoint of a mapped method: which method of which service it is.</summary>
public sealed class GrpcMethodMetadata(Type serviceType, IMethod method)
{
    /// <summary>The service class.</summary>
    public Type ServiceType { get; } = serviceType;

    /// <summary>The method.</summary>
    public IMethod Method { get; } = method;
}
