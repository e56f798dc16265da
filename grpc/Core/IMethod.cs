namespace Grpc.Core;

/// <summary>A remote method without its message types.</summary>
public interface IMethod
{
    /// <summary>Which of the four call shapes the method has.</summary>
    MethodType Type { get; }

    /// <summary>The full name of the service, package included, such as <c>pkg.Service</c>.</summary>
    string ServiceName { get; }

    /// <summary>The method's own name, without the service.</summary>
    string Name { get; }

    /// <summary>The path on the wire: <c>/pkg.Service/Method</c>, case-sensitive.</summary>
    string FullName { get; }
}
