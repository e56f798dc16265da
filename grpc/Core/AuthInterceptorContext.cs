namespace Grpc.Core;

/// <summary>The call that credentials are wanted for.</summary>
public sealed class AuthInterceptorContext(string serviceUrl, string methodName, CancellationToken cancellationToken = default)
{
    /// <summary>Scheme, host and service, without the method.</summary>
    public string ServiceUrl { get; } = serviceUrl;

    /// <summary>The method's own name.</summary>
    public string MethodName { get; } = methodName;

    /// <summary>Ends with the call.</summary>
    public CancellationToken CancellationToken { get; } = cancellationToken;
}
