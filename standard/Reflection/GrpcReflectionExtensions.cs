using System.Reflection;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Grpc.Reflection;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Registers and maps server reflection, as in the official package.</summary>
public static class GrpcReflectionExtensions
{
    /// <summary>Registers what <see cref="MapGrpcReflectionService"/> needs.</summary>
    public static IServiceCollection AddGrpcReflection(this IServiceCollection services)
    {
        // Found with the first question, when every service has been mapped.
        services.TryAddSingleton(provider => new ReflectionV1ServiceImpl(FindServices(provider)));
        services.TryAddSingleton(provider => new ReflectionServiceImpl(FindServices(provider)));
        return services;
    }

    /// <summary>Serves reflection over every mapped service, as v1 and as v1alpha.</summary>
    public static IEndpointConventionBuilder MapGrpcReflectionService(this IEndpointRouteBuilder builder)
    {
        builder.MapGrpcService<ReflectionServiceImpl>();
        return builder.MapGrpcService<ReflectionV1ServiceImpl>();
    }

    private static ServiceDescriptor[] FindServices(IServiceProvider provider) =>
    [
        .. provider.GetRequiredService<EndpointDataSource>().Endpoints
            .Select(endpoint => endpoint.Metadata.GetMetadata<GrpcMethodMetadata>()?.ServiceType)
            .OfType<Type>()
            .Distinct()
            .Select(DescriptorOf)
            .OfType<ServiceDescriptor>(),
    ];

    // Generated code keeps the descriptor beside the base class that a service derives from.
    private static ServiceDescriptor? DescriptorOf(Type? service)
    {
        for (; service is not null; service = service.BaseType)
        {
            if (service.GetCustomAttribute<BindServiceMethodAttribute>(inherit: false) is { } bound)
            {
                return bound.BindType.GetProperty("Descriptor", BindingFlags.Static | BindingFlags.Public)?.GetValue(obj: null) as ServiceDescriptor;
            }
        }

        return null;
    }
}
