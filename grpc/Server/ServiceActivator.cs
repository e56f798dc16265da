using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>Finds or makes the service instance of a call.</summary>
/// <remarks>A scope of services is made for a call only where the instance could be different in each: a singleton is looked up once, and a class that
/// nobody registered and that needs nothing is just made.</remarks>
internal sealed class ServiceActivator<TService>
    where TService : class
{
    private readonly ObjectFactory<TService> _create = ActivatorUtilities.CreateFactory<TService>([]);
    private readonly IServiceProvider _root;
    private readonly bool _isSingleton;
    private readonly bool _needsNothing;
    private TService? _singleton;

    public ServiceActivator(IServiceProvider root)
    {
        _root = root;
        var lifetime = root.GetService<ServiceLifetimes>()?.Find(typeof(TService));
        _isSingleton = lifetime == ServiceLifetime.Singleton;
        _needsNothing = lifetime is null && typeof(TService).GetConstructors() is [{ } only] && only.GetParameters().Length == 0;
    }

    /// <summary>The instance, and whether it was made here and must be disposed of after the call.</summary>
    public (TService Service, bool IsOwned) Get(HttpContext http)
    {
        if (_isSingleton)
        {
            return (_singleton ??= _root.GetRequiredService<TService>(), false);
        }

        if (_needsNothing)
        {
            return (_create(_root, []), true);
        }

        var services = http.RequestServices;
        return services.GetService<TService>() is { } registered ? (registered, false) : (_create(services, []), true);
    }

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
