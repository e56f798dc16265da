using System.Reflection;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>Makes an endpoint of every method that a generated <c>BindService</c> describes.</summary>
internal sealed class EndpointBinder<TService>(IEndpointRouteBuilder routes, ServerCallSettings settings) : ServiceBinderBase
    where TService : class
{
    private readonly List<IEndpointConventionBuilder> _endpoints = [];
    private readonly HashSet<string> _serviceNames = new(StringComparer.Ordinal);
    private readonly ServiceActivator<TService> _activator = new(routes.ServiceProvider);

    public IReadOnlyList<IEndpointConventionBuilder> Endpoints => _endpoints;

    public IReadOnlyCollection<string> ServiceNames => _serviceNames;

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler)
    {
        var target = Handler<Func<TService, TRequest, ServerCallContext, Task<TResponse>>>(method, typeof(TRequest), typeof(ServerCallContext));
        Add(method, async (service, call) => call.WriteOnly(await target(service, await call.ReadOnlyAsync(), call.Context)));
    }

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ClientStreamingServerMethod<TRequest, TResponse>? handler)
    {
        var target = Handler<Func<TService, IAsyncStreamReader<TRequest>, ServerCallContext, Task<TResponse>>>(
            method, typeof(IAsyncStreamReader<TRequest>), typeof(ServerCallContext));
        Add(method, async (service, call) => call.WriteOnly(await target(service, call.Requests, call.Context)));
    }

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse>? handler)
    {
        var target = Handler<Func<TService, TRequest, IServerStreamWriter<TResponse>, ServerCallContext, Task>>(
            method, typeof(TRequest), typeof(IServerStreamWriter<TResponse>), typeof(ServerCallContext));
        Add(method, async (service, call) => await target(service, await call.ReadOnlyAsync(), call.Responses, call.Context));
    }

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse>? handler)
    {
        var target = Handler<Func<TService, IAsyncStreamReader<TRequest>, IServerStreamWriter<TResponse>, ServerCallContext, Task>>(
            method, typeof(IAsyncStreamReader<TRequest>), typeof(IServerStreamWriter<TResponse>), typeof(ServerCallContext));
        Add(method, (service, call) => target(service, call.Requests, call.Responses, call.Context));
    }

    private static MethodInfo Find(IMethod method, params Type[] parameters) =>
        typeof(TService).GetMethod(method.Name, BindingFlags.Instance | BindingFlags.Public, parameters)
        ?? throw new InvalidOperationException($"{typeof(TService)} has no method {method.Name} with the parameters of {method.FullName}.");

    // Bound once without an instance: each call passes its own, and nothing is looked up while serving.
    private static TDelegate Handler<TDelegate>(IMethod method, params Type[] parameters)
        where TDelegate : Delegate => Find(method, parameters).CreateDelegate<TDelegate>();

    private void Add<TRequest, TResponse>(Method<TRequest, TResponse> method, Func<TService, ServerCall<TRequest, TResponse>, Task> invoke)
        where TRequest : class
        where TResponse : class
    {
        var handler = new ServerCallHandler<TService, TRequest, TResponse>(method, settings, _activator, invoke);
        var endpoint = routes.MapPost(method.FullName, (RequestDelegate)handler.HandleAsync);
        endpoint.Add(builder =>
        {
            builder.DisplayName = "gRPC - " + method.FullName;
            builder.Metadata.Add(new GrpcMethodMetadata(typeof(TService), method));
            AddAttributes(builder, typeof(TService).GetCustomAttributes(inherit: true));
            AddAttributes(builder, MethodAttributes(method.Name));
        });
        _serviceNames.Add(method.ServiceName);
        _endpoints.Add(endpoint);
    }

    private static object[] MethodAttributes(string name) =>
        [.. typeof(TService).GetMethods().Where(candidate => candidate.Name == name).SelectMany(found => found.GetCustomAttributes(inherit: true))];

    private static void AddAttributes(EndpointBuilder builder, object[] attributes)
    {
        foreach (var attribute in attributes)
        {
            builder.Metadata.Add(attribute);
        }
    }
}
