using Google.Protobuf.Reflection;
using Grpc.Core;
using Xunit;
using Alpha = Grpc.Reflection.V1Alpha;
using V1 = Grpc.Reflection.V1;

namespace SyncHub.Grpc.Tests;

/// <summary>Server reflection, as grpcurl and Postman use it.</summary>
public sealed class ReflectionTests
{
    [Fact]
    public async Task Every_mapped_service_is_listed()
    {
        var answer = await AskAsync(new V1.ServerReflectionRequest { ListServices = "*", Host = "here" });
        Assert.Equal(
            ["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection", "grpctests.Echo"],
            answer.ListServicesResponse.Service.Select(service => service.Name));
        Assert.Equal("here", answer.ValidHost);
        Assert.Equal("*", answer.OriginalRequest.ListServices);
    }

    [Theory]
    [InlineData("grpctests.Echo")]
    [InlineData("grpctests.Echo.Unary")]
    [InlineData("grpctests.EchoRequest")]
    [InlineData("grpctests.EchoRequest.text")]
    public async Task A_symbol_brings_its_file(string symbol)
    {
        var answer = await AskAsync(new V1.ServerReflectionRequest { FileContainingSymbol = symbol });
        var file = FileDescriptorProto.Parser.ParseFrom(Assert.Single(answer.FileDescriptorResponse.FileDescriptorProto));
        Assert.Equal("echo.proto", file.Name);
    }

    [Theory]
    [InlineData("grpc.reflection.v1.ServerReflectionRequest.host", "grpc/reflection/v1/reflection.proto")]
    [InlineData("grpc.health.v1.HealthCheckResponse.ServingStatus", "grpc/health/v1/health.proto")]
    [InlineData("grpc.health.v1.HealthCheckResponse.SERVING", "grpc/health/v1/health.proto")]
    public async Task Nested_symbols_are_found(string symbol, string expected)
    {
        var answer = await AskAsync(new V1.ServerReflectionRequest { FileContainingSymbol = symbol });
        Assert.Equal(expected, FileDescriptorProto.Parser.ParseFrom(answer.FileDescriptorResponse.FileDescriptorProto[0]).Name);
    }

    [Fact]
    public async Task A_file_is_found_by_name_and_what_is_unknown_is_NOT_FOUND()
    {
        Assert.Single((await AskAsync(new V1.ServerReflectionRequest { FileByFilename = "echo.proto" })).FileDescriptorResponse.FileDescriptorProto);
        foreach (var request in new[]
        {
            new V1.ServerReflectionRequest { FileByFilename = "nobody.proto" },
            new V1.ServerReflectionRequest { FileContainingSymbol = "no.Body" },
            new V1.ServerReflectionRequest { AllExtensionNumbersOfType = "no.Body" },
            new V1.ServerReflectionRequest { FileContainingExtension = new V1.ExtensionRequest { ContainingType = "grpctests.EchoRequest", ExtensionNumber = 7 } },
        })
        {
            Assert.Equal((int)StatusCode.NotFound, (await AskAsync(request)).ErrorResponse.ErrorCode);
        }

        Assert.Equal((int)StatusCode.InvalidArgument, (await AskAsync(new V1.ServerReflectionRequest())).ErrorResponse.ErrorCode);
    }

    [Fact]
    public async Task Older_tools_get_the_same_answers_under_the_older_name()
    {
        await using var server = await TestServer.StartAsync();
        using var call = new Alpha.ServerReflection.ServerReflectionClient(server.Channel()).ServerReflectionInfo();
        await call.RequestStream.WriteAsync(new Alpha.ServerReflectionRequest { ListServices = "" });
        Assert.True(await call.ResponseStream.MoveNext().Happens("the answer"));
        Assert.Equal(4, call.ResponseStream.Current.ListServicesResponse.Service.Count);
        await call.RequestStream.CompleteAsync();
        Assert.False(await call.ResponseStream.MoveNext().Happens("the end"));
    }

    private static async Task<V1.ServerReflectionResponse> AskAsync(V1.ServerReflectionRequest request)
    {
        await using var server = await TestServer.StartAsync();
        using var call = new V1.ServerReflection.ServerReflectionClient(server.Channel()).ServerReflectionInfo();
        await call.RequestStream.WriteAsync(request);
        Assert.True(await call.ResponseStream.MoveNext().Happens("the answer"));
        return call.ResponseStream.Current;
    }
}
