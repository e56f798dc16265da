using Google.Protobuf.Reflection;
using Grpc.Core;
using SyncHub.V1;

namespace SyncHub.Hub.Tests.Users;

/// <summary>Calls of methods by name, with any bytes, as a stranger would try them.</summary>
internal static class Doors
{
    private static readonly Marshaller<byte[]> Verbatim = Marshallers.Create(static bytes => bytes, static bytes => bytes);

    /// <summary>All services of the contracts.</summary>
    public static IEnumerable<ServiceDescriptor> Services => typeof(User).Assembly.GetExportedTypes()
        .Select(type => type.GetProperty("Descriptor", typeof(ServiceDescriptor))?.GetValue(null)).OfType<ServiceDescriptor>();

    /// <summary>All methods of HQ's doors that need a caller.</summary>
    public static IEnumerable<MethodDescriptor> OfHq => Services.Where(service => service.Name is not ("Till" or "Sync" or "Enrolment" or "Cells")).SelectMany(service => service.Methods)
        .Where(method => method.FullName != "synchub.v1.Access.Login");

    /// <summary>How a call ends.</summary>
    public static async Task<Status> TryAsync(HubFixture hub, MethodDescriptor called, Metadata? headers, byte[]? request = null)
    {
        var type = called.IsServerStreaming ? MethodType.ServerStreaming : MethodType.Unary;
        var method = new Method<byte[], byte[]>(type, called.Service.FullName, called.Name, Verbatim, Verbatim);
        var options = new CallOptions(headers, DateTime.UtcNow + HubFixture.Patience);
        try
        {
            if (called.IsServerStreaming)
            {
                using var call = hub.Channel.CreateCallInvoker().AsyncServerStreamingCall(method, null, options, request ?? []);
                while (await call.ResponseStream.MoveNext(CancellationToken.None))
                {
                }
            }
            else
            {
                await hub.Channel.CreateCallInvoker().AsyncUnaryCall(method, null, options, request ?? []);
            }

            return Status.DefaultSuccess;
        }
        catch (RpcException fault)
        {
            return fault.Status;
        }
    }

    /// <summary>What a bearer sends.</summary>
    public static Metadata Bearer(string secret) => new() { { "authorization", "Bearer " + secret } };
}
