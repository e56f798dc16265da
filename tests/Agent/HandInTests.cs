using Google.Protobuf;
using SyncHub.Agent.Engine;
using SyncHub.Agent.Receipts;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Wallets;
using SyncHub.Protos.Mapping;

namespace SyncHub.Agent.Tests;

/// <summary>Receipts at a till: shown again as a picture, and handed in for another store, with and without a hub.</summary>
public sealed class HandInTests
{
    private static readonly byte[] Key = [.. Enumerable.Range(1, 32).Select(number => (byte)number)];
    private static readonly Holder Other = new(new StoreId(9), Incarnation.Of(1, 9));
    private const long Usual = 10_000;
    private readonly EngineDriver _store = new();

    [Fact]
    public void A_receipt_of_another_store_is_kept_through_a_crash_until_headquarters_answers()
    {
        var code = CodeOf(3);
        Assert.Equal(V1.ReceiptOutcome.Queued, HandIn(code).Outcome);
        Assert.Equal(V1.ReceiptOutcome.Queued, HandIn(code).Outcome); // once
        _store.Crash();
        Assert.Equal(1, _store.Status().ReceiptsWaiting);
        var next = _store.Turn(new NextHandIn(_store.NowMs, []))[0];
        Assert.Equal(ReceiptCodec.TryRead(code), next.HandIn);
        Assert.Null(_store.Turn(new NextHandIn(_store.NowMs, next.NextKey!))[0].HandIn);

        var told = _store.Turn(_store.Call(new V1.HandInRequest { Code = code }) with { News = [Told(3, V1.ReceiptOutcome.TakenIn)] })[0];
        Assert.Equal(V1.ReceiptOutcome.TakenIn, ((V1.HandInAnswer)told.Answer!).Outcome);
        _store.Crash();
        Assert.Equal(0, _store.Status().ReceiptsWaiting);
    }

    [Fact]
    public void The_newest_op_of_the_own_log_needs_no_carrier_and_other_text_is_no_receipt()
    {
        var member = _store.Register();
        Learn();
        var own = _store.TopUp(member, 500).Receipt.Code;
        Assert.Equal(V1.ReceiptOutcome.WillCome, HandIn(own).Outcome);
        Assert.Equal(V1.RejectionCode.InvalidRequest, HandIn("SH1:nonsense").Rejection.Code);
        Assert.Equal(V1.RejectionCode.InvalidRequest, HandIn(CodeOf(4, OpType.RegisterMember)).Rejection.Code);
        Assert.Equal(0, _store.Status().ReceiptsWaiting);
    }

    // The other store's machine was restored: what it printed before and after has one number.
    [Fact]
    public void Two_receipts_of_one_number_wait_side_by_side_and_each_has_its_own_answer()
    {
        HandIn(CodeOf(3));
        HandIn(CodeOf(3, amount: 500));
        Assert.Equal(2, _store.Status().ReceiptsWaiting);

        var unasked = Told(3, V1.ReceiptOutcome.Refused) with { HandedIn = null }; // too late for whoever asked
        _store.Turn(new NewsArrived(_store.NowMs, unasked, 1));
        Assert.Equal(2, _store.Status().ReceiptsWaiting);

        _store.Turn(new NewsArrived(_store.NowMs, Told(3, V1.ReceiptOutcome.WillCome, 500), 1));
        _store.Crash();
        Assert.Equal(1, _store.Status().ReceiptsWaiting);
        Assert.Equal(ReceiptCodec.TryRead(CodeOf(3)), _store.Turn(new NextHandIn(_store.NowMs, []))[0].HandIn);
    }

    [Fact]
    public async Task A_receipt_that_a_program_of_before_kept_is_not_kept_twice_and_goes_with_its_answer()
    {
        var code = CodeOf(3);
        var kept = new SyncHub.Storage.JournalBatch();
        kept.Documents.Add(new SyncHub.Storage.DocumentWrite("handin", ReceiptCodec.KeyOf(new OpId(Other, 3), 0), ReceiptCodec.TryRead(code)!.ToByteArray()));
        await _store.Journal.CommitAsync(kept);
        _store.Crash();
        Assert.Equal(1, _store.Status().ReceiptsWaiting);
        HandIn(code);
        Assert.Equal(1, _store.Status().ReceiptsWaiting);
        _store.Turn(new NewsArrived(_store.NowMs, Told(3, V1.ReceiptOutcome.Known), 1));
        Assert.Equal(0, _store.Status().ReceiptsWaiting);
    }

    [Fact]
    public void What_waits_is_bounded()
    {
        for (var sequence = 1; sequence <= 1000; sequence++)
        {
            Assert.Equal(V1.ReceiptOutcome.Queued, HandIn(CodeOf(sequence)).Outcome);
        }

        Assert.Equal(V1.RejectionCode.StorageUnavailable, HandIn(CodeOf(1001)).Rejection.Code);
        Assert.Equal(V1.ReceiptOutcome.Queued, HandIn(CodeOf(1000)).Outcome);
        _store.Turn(new NewsArrived(_store.NowMs, Told(1, V1.ReceiptOutcome.Refused), 1));
        Assert.Equal(V1.ReceiptOutcome.Queued, HandIn(CodeOf(1001)).Outcome);
    }

    [Fact]
    public void A_shown_receipt_has_its_code_and_a_foreign_or_unknown_one_is_refused()
    {
        var member = _store.Register();
        Learn();
        var receipt = _store.TopUp(member, 500).Receipt;
        var shown = _store.Ask<V1.ShowReceiptAnswer>(new V1.ShowReceiptRequest { Op = receipt.Op });
        Assert.Equal((receipt.Code, 500L), (shown.Receipt.Code, shown.Receipt.ToppedUpMinor));
        var foreign = receipt.Op.Clone();
        foreign.Store = 8;
        Assert.Equal(V1.RejectionCode.UnknownOp, _store.Ask<V1.ShowReceiptAnswer>(new V1.ShowReceiptRequest { Op = foreign }).Rejection.Code);
        Assert.Equal(V1.RejectionCode.InvalidRequest, _store.Ask<V1.ShowReceiptAnswer>(new V1.ShowReceiptRequest()).Rejection.Code);
    }

    [Fact]
    public void The_largest_code_is_a_qr_code_that_a_phone_reads_and_a_usual_sale_fits_a_narrow_printer()
    {
        var largest = ReceiptCodec.Encode(Key, OpHash.Genesis, Enumerable.Range(0, 1_400).Select(place => (byte)((place * place * 31) + (place * 7))).ToArray());
        Assert.Equal(145, CodePicture.ModulesOf(largest)); // version 32 of 40
        Assert.InRange(largest.Length, 2_000, 2_238);
        Assert.InRange(CodePicture.ModulesOf(CodeOf(17, OpType.Sale)), 21, 89); // 45 mm at half a millimetre a module
    }

    [Fact]
    public void A_code_is_drawn_for_terminal_page_and_printer()
    {
        var code = CodeOf(3);
        var (text, _) = CodePicture.Draw(code, V1.CodeForm.Text);
        Assert.Contains('\u2588', System.Text.Encoding.UTF8.GetString(text));
        var (svg, svgType) = CodePicture.Draw(code, V1.CodeForm.Svg);
        Assert.StartsWith("<svg", System.Text.Encoding.UTF8.GetString(svg).TrimStart('\uFEFF', ' ', '\r', '\n'), StringComparison.Ordinal);
        Assert.Equal("image/svg+xml", svgType);
        var (png, pngType) = CodePicture.Draw(code, V1.CodeForm.Png);
        Assert.Equal((0x89, (byte)'P', "image/png"), (png[0], png[1], pngType));
    }

    private V1.HandInAnswer HandIn(string code) => _store.Ask<V1.HandInAnswer>(new V1.HandInRequest { Code = code });

    private static HubNews Told(long sequence, V1.ReceiptOutcome outcome, long amount = Usual) => new(null, null)
    {
        HandIn = new V1.OutOfBandReply { Request = 1, Outcome = outcome, Op = OpIdCodec.ToWire(new OpId(Other, sequence)) },
        HandedIn = ReceiptCodec.HashOf(ReceiptCodec.TryRead(CodeOf(sequence, amount: amount))!),
    };

    private static string CodeOf(long sequence, OpType type = OpType.TopUp, long amount = Usual)
    {
        var member = MemberId.Create(1_700_000_000_000, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        var op = new Op { Id = new OpId(Other, sequence), Type = type, Member = member, Moves = [new Move(MoveKind.Credit, Bucket.Principal, amount, 0)], OccurredAtMs = 1_700_000_000_000, Terminal = "till-1", Operator = "kim", RequestId = "6f9619ff-8b86-d011-b42d-00c04fc964ff", BillMinor = amount, RulesetVersion = 1 };
        return ReceiptCodec.Encode(Key, OpHash.Genesis, OpCodec.Encode(op));
    }

    private void Learn() =>
        _store.Turn(new ReceiptKeyArrived(_store.NowMs, new V1.ReceiptKey { Incarnation = EngineDriver.Holder.Incarnation.Value, Key = ByteString.CopyFrom(Key) }));
}
