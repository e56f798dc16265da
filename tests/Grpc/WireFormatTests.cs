using System.Buffers;
using Grpc.Core;
using Grpc.Wire;
using Xunit;

namespace SyncHub.Grpc.Tests;

/// <summary>The small formats on the wire.</summary>
public sealed class WireFormatTests
{
    [Theory]
    [InlineData(0, "0u")]
    [InlineData(1, "1u")]
    [InlineData(10, "1u")]
    [InlineData(999_999_990, "99999999u")]
    [InlineData(1_000_000_000, "100000m")]
    [InlineData(TimeSpan.TicksPerDay, "86400000m")]
    [InlineData(TimeSpan.TicksPerDay * 365, "31536000S")]
    [InlineData(long.MaxValue, "99999999H")]
    public void A_timeout_is_the_finest_unit_that_fits_rounded_up(long ticks, string expected)
    {
        Assert.Equal(expected, GrpcTimeout.Format(new TimeSpan(ticks)));
        Assert.True(GrpcTimeout.TryParse(expected, out var parsed));
        Assert.True(parsed.Ticks >= ticks || ticks == long.MaxValue);
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("50 %")]
    [InlineData("ünïcödé 漢字 🎉")]
    [InlineData("line\r\nbreak\0")]
    [InlineData("")]
    public void A_status_text_survives_the_wire(string text)
    {
        var encoded = PercentEncoding.Encode(text);
        Assert.All(encoded, character => Assert.InRange(character, ' ', '~'));
        Assert.Equal(text, PercentEncoding.Decode(encoded));
    }

    [Theory]
    [InlineData("AA==")]
    [InlineData("AA")]
    [InlineData(" AA , AA== ")]
    public void Binary_metadata_is_read_with_and_without_padding(string value)
    {
        var metadata = new Metadata();
        MetadataHeaders.Add(metadata, "Key-Bin", value);
        Assert.All(metadata, entry => Assert.Equal(new byte[] { 0 }, entry.ValueBytes));
        Assert.NotEmpty(metadata);
    }

    [Fact]
    public void Binary_metadata_is_written_without_padding() =>
        Assert.Equal("AA", MetadataHeaders.Value(new Metadata.Entry("key-bin", [0])));

    [Fact]
    public void A_bound_service_hands_every_method_to_a_binder()
    {
        var binder = new CountingBinder();
        Echo.BindService(new EchoService(new ServerEvents())).BindService(binder);
        Assert.Equal(4, binder.Count);
    }

    [Fact]
    public void A_marshaller_over_buffers_also_serves_arrays()
    {
        var marshaller = new Marshaller<string>(
            (text, context) =>
            {
                context.SetPayloadLength(text.Length);
                context.GetBufferWriter().Write(System.Text.Encoding.ASCII.GetBytes(text));
                context.Complete();
            },
            context => System.Text.Encoding.ASCII.GetString(context.PayloadAsNewBuffer()));
        Assert.Equal("hello", marshaller.Deserializer(marshaller.Serializer("hello")));
    }

    private sealed class CountingBinder : ServiceBinderBase
    {
        public int Count { get; private set; }

        public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler) => Count++;

        public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ClientStreamingServerMethod<TRequest, TResponse>? handler) => Count++;

        public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse>? handler) => Count++;

        public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse>? handler) => Count++;
    }
}
