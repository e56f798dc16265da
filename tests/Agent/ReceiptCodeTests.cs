using Google.Protobuf;
using SyncHub.Agent.Engine;
using SyncHub.Core.Primitives;
using SyncHub.Protos.Mapping;

namespace SyncHub.Agent.Tests;

/// <summary>The op on a receipt, proven by the key of this life of the store.</summary>
public sealed class ReceiptCodeTests
{
    private static readonly byte[] Key = [.. Enumerable.Range(1, 32).Select(number => (byte)number)];
    private readonly EngineDriver _store = new();

    [Fact]
    public void A_receipt_carries_its_op_and_a_repeated_or_reprinted_one_the_same()
    {
        var member = _store.Register();
        Assert.Empty(_store.TopUp(member, 100, "before").Receipt.Code); // no key yet
        Learn(EngineDriver.Holder.Incarnation);

        var receipt = _store.TopUp(member, 500).Receipt;

        var read = ReceiptCodec.TryRead(receipt.Code)!;
        Assert.True(ReceiptCodec.IsAuthentic(read, Key));
        Assert.Equal(OpIdCodec.ToCore(receipt.Op), OpCodec.Decode(read.Envelope.Memory).Id);
        Assert.Equal(receipt.OpHash.ToByteArray(), OpHash.FromBytes(read.PreviousHash.Span).Next(read.Envelope.Span).ToBytes());
        _store.Crash();
        var last = _store.Ask<V1.LastReceiptsAnswer>(new V1.LastReceiptsRequest { Limit = 2 }).Receipts;
        Assert.Equal(receipt.Code, last[0].Code);
        Assert.True(ReceiptCodec.IsAuthentic(ReceiptCodec.TryRead(last[1].Code)!, Key));
    }

    [Fact]
    public void A_key_of_another_life_prints_no_code()
    {
        var member = _store.Register();
        Learn(Incarnation.Of(1, 9));
        Assert.Empty(_store.TopUp(member, 500).Receipt.Code);
    }

    [Fact]
    public void A_changed_byte_a_wrong_key_or_other_text_is_found()
    {
        var code = ReceiptCodec.Encode(Key, OpHash.Genesis, new byte[] { 1, 2, 3, 4, 5 });
        var read = ReceiptCodec.TryRead(code)!;
        Assert.False(ReceiptCodec.IsAuthentic(read, [.. Key.Select(part => (byte)(part + 1))]));
        var forged = read.Clone();
        forged.Envelope = ByteString.CopyFrom(1, 2, 3, 4, 6);
        Assert.False(ReceiptCodec.IsAuthentic(forged, Key));
        forged = read.Clone();
        forged.PreviousHash = ByteString.CopyFrom(new byte[31].Append((byte)1).ToArray());
        Assert.False(ReceiptCodec.IsAuthentic(forged, Key));
        foreach (var text in new[] { "", "SH1:", "SH2:" + code[4..], "SH1:ab", "SH1:::::::" })
        {
            Assert.Null(ReceiptCodec.TryRead(text));
        }
    }

    [Fact]
    public void An_op_that_is_too_large_for_a_printer_has_no_code() =>
        Assert.Empty(ReceiptCodec.Encode(Key, OpHash.Genesis, new byte[1_401]));

    private void Learn(Incarnation life) =>
        _store.Turn(new ReceiptKeyArrived(_store.NowMs, new V1.ReceiptKey { Incarnation = life.Value, Key = ByteString.CopyFrom(Key) }));
}
