using Microsoft.Extensions.DependencyInjection;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>Finds or makes the service instance of a call.</summary>
internal sealed class ServiceActivator<TService>
    where TService : class
{
    private readonly ObjectFactory<TService> _create = ActivatorUtilities.CreateFactory<TService>([]);

    /// <summary>The instance, and whether it was made here and must be disposed of after the call.</summary>
    public (TService Service, bool IsOwned) Get(IServiceProvider services) =>
        services.GetService<TService>() is { } registered ? (registered, false) : (_create(services, []), true);

    public static async ValueTask ReleaseAsync(TService service)
    {
        switch (service)
        {
            case IAsyncDisposable disposable:
                await disposable.DisposeAsync();
                break;
            case IDisposable disposable:
                disposable.Dispose();
                break;
            default:
                break;
        }
    }
}
