using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Reflection.V1;

namespace Grpc.Reflection;

/// <summary>Server reflection, v1.</summary>
public sealed class ReflectionV1ServiceImpl : ServerReflection.ServerReflectionBase
{
    private readonly ReflectionAnswers _answers;

    /// <summary>Reflection over these services.</summary>
    public ReflectionV1ServiceImpl(IEnumerable<ServiceDescriptor> services) => _answers = new ReflectionAnswers(services);

    /// <inheritdoc/>
    public override async Task ServerReflectionInfo(IAsyncStreamReader<ServerReflectionRequest> requestStream, IServerStreamWriter<ServerReflectionResponse> responseStream, ServerCallContext context)
    {
        ArgumentNullException.ThrowIfNull(requestStream);
        ArgumentNullException.ThrowIfNull(responseStream);
        while (await requestStream.MoveNext(context.CancellationToken).ConfigureAwait(false))
        {
            await responseStream.WriteAsync(_answers.Answer(requestStream.Current)).ConfigureAwait(false);
        }
    }
}
