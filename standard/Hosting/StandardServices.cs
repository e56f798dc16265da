using Grpc.AspNetCore.Server;
using Grpc.Health.V1;
using Grpc.HealthCheck;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Grpc.Standard;

/// <summary>Puts health, and reflection where it is wanted, beside the services of a process.</summary>
public static class StandardServices
{
    /// <summary>Registers them. Call it beside <c>AddGrpc</c>.</summary>
    public static IServiceCollection AddStandardServices(this IServiceCollection services, bool withReflection)
    {
        services.AddSingleton<HealthServiceImpl>();
        return withReflection ? services.AddGrpcReflection() : services;
    }

    /// <summary>Serves them. Call it after the last <c>MapGrpcService</c>.</summary>
    public static void MapStandardServices(this IEndpointRouteBuilder routes, bool withReflection)
    {
        routes.MapGrpcService<HealthServiceImpl>();
        if (withReflection)
        {
            routes.MapGrpcReflectionService();
        }
    }

    /// <summary>The names under which the health of a process is known: the empty one, and each service that is mapped.</summary>
    public static IReadOnlyList<string> MappedNames(this IEndpointRouteBuilder routes) =>
    [
        "",
        .. routes.DataSources.SelectMany(source => source.Endpoints)
            .Select(endpoint => endpoint.Metadata.GetMetadata<GrpcMethodMetadata>()?.Method.ServiceName)
            .OfType<string>()
            .Distinct(StringComparer.Ordinal),
    ];

    /// <summary>Sets one state for several names.</summary>
    public static void SetStatus(this HealthServiceImpl health, IEnumerable<string> names, HealthCheckResponse.Types.ServingStatus status)
    {
        foreach (var name in names)
        {
            health.SetStatus(name, status);
        }
    }
}
