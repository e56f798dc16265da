using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Reflection.V1;

namespace Grpc.Reflection;

/// <summary>Answers the questions of reflection about a fixed set of services.</summary>
internal sealed class ReflectionAnswers
{
    private readonly SymbolRegistry _symbols;
    private readonly ListServiceResponse _services = new();

    public ReflectionAnswers(IEnumerable<ServiceDescriptor> services)
    {
        var all = services.ToArray();
        _symbols = SymbolRegistry.FromFiles(all.Select(service => service.File));
        _services.Service.Add(all.Select(service => service.FullName).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(name => new ServiceResponse { Name = name }));
    }

    public ServerReflectionResponse Answer(ServerReflectionRequest request)
    {
        var response = request.MessageRequestCase switch
        {
            ServerReflectionRequest.MessageRequestOneofCase.ListServices => new ServerReflectionResponse { ListServicesResponse = _services },
            ServerReflectionRequest.MessageRequestOneofCase.FileByFilename => FileAnswer(_symbols.FileByName(request.FileByFilename), $"There is no file '{request.FileByFilename}'."),
            ServerReflectionRequest.MessageRequestOneofCase.FileContainingSymbol => FileAnswer(_symbols.FileContainingSymbol(request.FileContainingSymbol), $"There is no symbol '{request.FileContainingSymbol}'."),
            ServerReflectionRequest.MessageRequestOneofCase.FileContainingExtension => Error(StatusCode.NotFound, "There are no extensions; the contracts are proto3."),
            ServerReflectionRequest.MessageRequestOneofCase.AllExtensionNumbersOfType => ExtensionsAnswer(request.AllExtensionNumbersOfType),
            _ => Error(StatusCode.InvalidArgument, "The request asks nothing."),
        };
        response.ValidHost = request.Host;
        response.OriginalRequest = request;
        return response;
    }

    private ServerReflectionResponse ExtensionsAnswer(string type) => _symbols.FileContainingSymbol(type) is null
        ? Error(StatusCode.NotFound, $"There is no type '{type}'.")
        : new ServerReflectionResponse { AllExtensionNumbersResponse = new ExtensionNumberResponse { BaseTypeName = type } };

    private static ServerReflectionResponse FileAnswer(FileDescriptor? file, string fault)
    {
        if (file is null)
        {
            return Error(StatusCode.NotFound, fault);
        }

        // The file first, then each import once: tools need all of them to build the type.
        var answer = new FileDescriptorResponse();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        void Add(FileDescriptor each)
        {
            if (seen.Add(each.Name))
            {
                answer.FileDescriptorProto.Add(each.SerializedData);
                foreach (var import in each.Dependencies)
                {
                    Add(import);
                }
            }
        }

        Add(file);
        return new ServerReflectionResponse { FileDescriptorResponse = answer };
    }

    private static ServerReflectionResponse Error(StatusCode code, string message) =>
        new() { ErrorResponse = new ErrorResponse { ErrorCode = (int)code, ErrorMessage = message } };
}
