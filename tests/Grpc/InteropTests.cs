using SyncHub.Interop.Client;
using Xunit;

namespace SyncHub.Grpc.Tests;

/// <summary>The fixed part of the interoperability matrix: our client with our server. `make interop` adds the official ones.</summary>
public sealed class InteropTests
{
    public static TheoryData<string> Cases =>
    [
        "empty_unary", "large_unary", "client_streaming", "server_streaming", "ping_pong", "empty_stream",
        "client_compressed_unary", "client_compressed_streaming", "server_compressed_unary", "server_compressed_streaming",
        "custom_metadata", "large_metadata", "status_code_and_message", "special_status_message", "unimplemented_method", "unimplemented_service",
        "cancel_after_begin", "cancel_after_first_response", "timeout_on_sleeping_server", "unary_deadline", "half_close", "half_duplex", "slow_consumer",
    ];

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Our_client_and_our_server_pass_the_official_case(string name)
    {
        await using var server = await InteropFixture.StartAsync();
        using var client = new InteropClient("localhost", server.Port);
        await client.RunAsync(name);
    }
}
