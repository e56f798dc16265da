using Grpc.Core;
using Grpc.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>Answers gRPC calls to methods and services that nobody mapped with UNIMPLEMENTED. One per application, so that the
/// catch-all for services is mapped once.</summary>
internal sealed class UnknownMethods
{
    private readonly HashSet<string> _mapped = new(StringComparer.Ordinal);

    public void Map(IEndpointRouteBuilder routes, IEnumerable<string> serviceNames, bool ignoreUnknownServices)
    {
        foreach (var name in serviceNames)
        {
            MapOnce(routes, name + "/{method}", "Method is unimplemented.");
        }

        if (!ignoreUnknownServices)
        {
            MapOnce(routes, "{service}/{method}", "Service is unimplemented.");
        }
    }

    private void MapOnce(IEndpointRouteBuilder routes, string pattern, string detail)
    {
        if (_mapped.Add(pattern))
        {
            var route = RoutePatternFactory.Parse(pattern, defaults: null, parameterPolicies: new { method = new IsGrpcCall() });
            var status = new Status(StatusCode.Unimplemented, detail);
            routes.Map(route, context => AnswerAsync(context, status)).WithDisplayName("gRPC - unimplemented " + pattern);
        }
    }

    private static Task AnswerAsync(HttpContext context, Status status)
    {
        if (ServerProtocol.TryReject(context))
        {
            return Task.CompletedTask;
        }

        ServerProtocol.WriteTrailersOnly(context.Response, status, Metadata.Empty);
        return Task.CompletedTask;
    }

    /// <summary>Leaves everything that is not gRPC to the rest of the application.</summary>
    private sealed class IsGrpcCall : IRouteConstraint
    {
        public bool Match(HttpContext? httpContext, IRouter? route, string routeKey, RouteValueDictionary values, RouteDirection routeDirection) =>
            httpContext is not null
            && HttpMethods.IsPost(httpContext.Request.Method)
            && WireNames.IsGrpcContentType(httpContext.Request.ContentType);
    }
}
