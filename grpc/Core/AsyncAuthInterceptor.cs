namespace Grpc.Core;

/// <summary>Adds credentials to the metadata of a call that is about to be made. An exception fails the call with UNAUTHENTICATED.</summary>
public delegate Task AsyncAuthInterceptor(AuthInterceptorContext context, Metadata metadata);
