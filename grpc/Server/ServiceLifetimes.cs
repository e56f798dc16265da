using Microsoft.Extensions.DependencyInjection;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>How long the application's services live, as they were registered.</summary>
internal sealed class ServiceLifetimes(IServiceCollection services)
{
    /// <summary>The lifetime of the registration that counts, the last one; null where there is none.</summary>
    public ServiceLifetime? Find(Type service) => services.LastOrDefault(found => found.ServiceType == service && !found.IsKeyedService)?.Lifetime;
}
