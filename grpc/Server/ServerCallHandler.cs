using Grpc.Core;
using Grpc.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>Serves the calls of one method. This is the one place where exceptions of handlers end.</summary>
/// <remarks>
/// 1. Refuse what is not gRPC, and paths that only routing takes for this method.
/// 2. Read deadline and encoding; answer at once where they rule the call out.
/// 3. Make the service and run the handler.
/// 4. Wait until its messages are on their way.
/// 5. Write the status.
/// </remarks>
internal sealed class ServerCallHandler<TService, TRequest, TResponse>(
    Method<TRequest, TResponse> method,
    ServerCallSettings settings,
    ServiceActivator<TService> activator,
    Func<TService, ServerCall<TRequest, TResponse>, Task> invoke)
    where TService : class
    where TRequest : class
    where TResponse : class
{
    private readonly ServerMethod<TRequest, TResponse> _shared = new(method, settings);

    public Task HandleAsync(HttpContext http)
    {
        if (ServerProtocol.TryReject(http))
        {
            return Task.CompletedTask;
        }

        // Routing ignores case, a trailing slash, a query and escapes; the name of a method is its exact bytes.
        if (!string.Equals(http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget, method.FullName, StringComparison.Ordinal))
        {
            ServerProtocol.WriteTrailersOnly(http.Response, new Status(StatusCode.Unimplemented, "Method is unimplemented."), Metadata.Empty);
            return Task.CompletedTask;
        }

        var encoding = http.Request.Headers.GrpcEncoding.ToString();
        if (encoding.Length > 0 && !Encodings.IsKnown(encoding))
        {
            http.Response.Headers.GrpcAcceptEncoding = Encodings.Accepted;
            ServerProtocol.WriteTrailersOnly(http.Response, new Status(StatusCode.Unimplemented, $"The message encoding '{encoding}' is not supported."), Metadata.Empty);
            return Task.CompletedTask;
        }

        ServerProtocol.LiftBodyLimits(http, method.Type is MethodType.ClientStreaming or MethodType.DuplexStreaming);
        var call = new ServerCall<TRequest, TResponse>(new HttpContextServerCallContext(http, method.FullName), _shared, encoding.Length > 0 ? encoding : Encodings.Identity);
        return ConnectionAge.Of(http) is { } age ? RunAsync(call, age) : RunAsync(call);
    }

    private async Task RunAsync(ServerCall<TRequest, TResponse> call, ConnectionAge age)
    {
        age.Enter();
        try
        {
            await RunAsync(call);
        }
        finally
        {
            age.Leave();
        }
    }

    private async Task RunAsync(ServerCall<TRequest, TResponse> call)
    {
        using var context = call.Context;
        var status = await InvokeAsync(call);
        try
        {
            await call.CloseAsync(isFailed: status.StatusCode != StatusCode.OK);
        }
        catch (Exception exception)
        {
            status = StatusOf(exception, context);
        }

        if (context.IsAborted)
        {
            settings.Logger.LogDebug("The call to {Method} was cancelled by the client.", method.FullName);
            return;
        }

        // The client gave up at the deadline; whatever was done after it must not look like success.
        call.WriteStatus(context.IsDeadlineExceeded ? new Status(StatusCode.DeadlineExceeded, "Deadline Exceeded") : status);
    }

    private async ValueTask<Status> InvokeAsync(ServerCall<TRequest, TResponse> call)
    {
        if (call.Context.Deadline != DateTime.MaxValue && call.Context.Deadline <= DateTime.UtcNow)
        {
            return new Status(StatusCode.DeadlineExceeded, "Deadline Exceeded");
        }

        try
        {
            var (service, isOwned) = activator.Get(call.Context.HttpContext);
            try
            {
                await invoke(service, call);
            }
            finally
            {
                if (isOwned && service is IAsyncDisposable or IDisposable)
                {
                    await ServiceActivator<TService>.ReleaseAsync(service);
                }
            }

            return call.Context.Status;
        }
        catch (Exception exception)
        {
            return StatusOf(exception, call.Context);
        }
    }

    private Status StatusOf(Exception exception, HttpContextServerCallContext context)
    {
        switch (exception)
        {
            case RpcException chosen:
                settings.Logger.LogDebug(exception, "The call to {Method} ended with {Status}.", method.FullName, chosen.Status);
                AddTrailers(context, chosen.Trailers);
                return chosen.StatusCode == StatusCode.OK ? new Status(StatusCode.Unknown, chosen.Status.Detail) : chosen.Status;

            case OperationCanceledException when context.IsCut || context.CancellationToken.IsCancellationRequested:
                return Status.DefaultCancelled;

            default:
                settings.Logger.LogError(exception, "The handler of {Method} failed.", method.FullName);
                return new Status(StatusCode.Unknown, Describe(exception));
        }
    }

    // The text of an unexpected exception may hold anything, so it stays here unless the options say otherwise.
    private string Describe(Exception exception) => settings.ShowsErrors
        ? $"Exception was thrown by handler. {exception.GetType().Name}: {exception.Message}"
        : "Exception was thrown by handler.";

    private static void AddTrailers(HttpContextServerCallContext context, Metadata trailers)
    {
        foreach (var entry in trailers)
        {
            context.ResponseTrailers.Add(entry);
        }
    }
}
