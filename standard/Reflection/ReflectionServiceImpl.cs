using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Reflection.V1Alpha;

namespace Grpc.Reflection;

/// <summary>Server reflection, v1alpha: what older tools ask for.</summary>
/// <remarks>The two versions have the same bytes under different names, so each message is read as the other version's.</remarks>
public sealed class ReflectionServiceImpl : ServerReflection.ServerReflectionBase
{
    private readonly ReflectionAnswers _answers;

    /// <summary>Reflection over these services.</summary>
    public ReflectionServiceImpl(IEnumerable<ServiceDescriptor> services) => _answers = new ReflectionAnswers(services);

    /// <inheritdoc/>
    public override async Task ServerReflectionInfo(IAsyncStreamReader<ServerReflectionRequest> requestStream, IServerStreamWriter<ServerReflectionResponse> responseStream, ServerCallContext context)
    {
        ArgumentNullException.ThrowIfNull(requestStream);
        ArgumentNullException.ThrowIfNull(responseStream);
        while (await requestStream.MoveNext(context.CancellationToken).ConfigureAwait(false))
        {
            var answer = _answers.Answer(V1.ServerReflectionRequest.Parser.ParseFrom(requestStream.Current.ToByteString()));
            await responseStream.WriteAsync(ServerReflectionResponse.Parser.ParseFrom(answer.ToByteString())).ConfigureAwait(false);
        }
    }
}
