using System.Reflection;
using Grpc.AspNetCore.Server;
using Grpc.AspNetCore.Server.Internal;
using Grpc.Core;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Maps gRPC services to endpoints.</summary>
public static class GrpcEndpointRouteBuilderExtensions
{
    private const string LogCategory = "Grpc.AspNetCore.Server";

    /// <summary>Serves every method of a service. An instance is made per call from the call's services, unless the class is
    /// registered itself.</summary>
    /// <typeparam name="TService">A class derived from a generated service base.</typeparam>
    /// <exception cref="InvalidOperationException"><c>AddGrpc</c> was not called, the class is not a gRPC service, or
    /// <see cref="GrpcServiceOptions.ResponseCompressionAlgorithm"/> is unknown.</exception>
    public static GrpcServiceEndpointConventionBuilder MapGrpcService<TService>(this IEndpointRouteBuilder builder)
        where TService : class
    {
        ArgumentNullException.ThrowIfNull(builder);
        var unknown = builder.ServiceProvider.GetService<UnknownMethods>()
            ?? throw new InvalidOperationException("gRPC is not registered; call services.AddGrpc() first.");
        var options = builder.ServiceProvider.GetRequiredService<IOptions<GrpcServiceOptions>>().Value;
        var logger = builder.ServiceProvider.GetRequiredService<ILoggerFactory>().CreateLogger(LogCategory);

        var binder = new EndpointBinder<TService>(builder, ServerCallSettings.From(options, logger));
        CallBindService(typeof(TService), binder);
        unknown.Map(builder, binder.ServiceNames, options.IgnoreUnknownServices ?? false);
        return new GrpcServiceEndpointConventionBuilder(binder.Endpoints);
    }

    private static void CallBindService(Type serviceType, ServiceBinderBase binder)
    {
        for (var type = serviceType; type is not null; type = type.BaseType)
        {
            if (type.GetCustomAttribute<BindServiceMethodAttribute>(inherit: false) is { } attribute)
            {
                // A null instance asks generated code for the methods' descriptions only.
                attribute.BindType
                    .GetMethod(attribute.BindMethodName, BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic, [typeof(ServiceBinderBase), type])!
                    .Invoke(obj: null, [binder, null]);
                return;
            }
        }

        throw new InvalidOperationException($"{serviceType} does not derive from a generated gRPC service base.");
    }
}
