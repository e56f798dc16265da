using System.Buffers.Binary;
using System.Security.Cryptography;
using Google.Protobuf;
using SyncHub.Storage;
using SyncHub.V1;
using static SyncHub.Verify.Tests.Make;

namespace SyncHub.Verify.Tests;

/// <summary>Who vouches for the ops: sound where a machine signed them, found where nobody did or somebody else.</summary>
public sealed class SignatureTests : IDisposable
{
    private const long Branch = Incarnation + 2;
    private readonly ECDsa _machine = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ECDsa _earlier = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    [Fact]
    public async Task One_signature_over_the_end_vouches_for_the_whole_log()
    {
        using var chains = await Chains.HealthyAsync(chain => SignedAsync(chain, Head(1, chain.TipOf(1), _machine)));
        Clean(chains.Audit());
    }

    [Fact]
    public async Task A_log_may_be_signed_by_one_key_after_the_other()
    {
        using var chains = await Chains.HealthyAsync(async chain =>
        {
            var early = Head(1, chain.TipOf(1), _earlier);
            await chain.Kept(1, OpType.CloseDay);
            await SignedAsync(chain, early, Head(1, chain.TipOf(1), _machine));
        });
        Clean(chains.Audit());
    }

    [Fact]
    public async Task A_store_of_a_hub_without_certificates_signs_nothing()
    {
        using var chains = await Chains.HealthyAsync(chain => chain.HubDocuments(Store(1)));
        Clean(chains.Audit());
    }

    [Fact]
    public async Task An_op_behind_the_last_signed_one_is_found()
    {
        using var chains = await Chains.HealthyAsync(async chain =>
        {
            var signed = chain.TipOf(1);
            await chain.Kept(1, OpType.CloseDay);
            await SignedAsync(chain, Head(1, signed, _machine));
        });
        Expect(chains.Audit(), "op_unsigned", "store 1");
    }

    [Fact]
    public async Task An_op_that_came_on_a_receipt_needs_no_signature()
    {
        using var chains = await Chains.HealthyAsync(async chain =>
        {
            var signed = chain.TipOf(1);
            await chain.Kept(1, OpType.CloseDay);
            await SignedAsync(chain, Head(1, signed, _machine), new DocumentWrite("receipt_op", Key(1, Incarnation, Number(chain.TipOf(1).Sequence)), [1]));
        });
        Clean(chains.Audit());
    }

    [Fact]
    public async Task A_log_that_nobody_signed_is_found()
    {
        using var chains = await Chains.HealthyAsync(chain => SignedAsync(chain));
        Expect(chains.Audit(), "op_unsigned", "op 1 of store 1");
    }

    [Fact]
    public async Task An_op_exchanged_with_its_chain_made_to_fit_is_found()
    {
        using var chains = await Chains.HealthyAsync(chain =>
        {
            var (sequence, hash) = chain.TipOf(1);
            hash = [.. hash];
            hash[0] ^= 1; // what the machine had signed
            return SignedAsync(chain, Head(1, (sequence, hash), _machine));
        });
        Expect(chains.Audit(), "signature_differs", "store 1");
    }

    [Fact]
    public async Task A_signature_by_a_strangers_key_is_found()
    {
        using var stranger = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var chains = await Chains.HealthyAsync(chain => SignedAsync(chain, Head(1, chain.TipOf(1), stranger)));
        Expect(chains.Audit(), "signature_wrong", "of no machine");
        Expect(chains.Audit(), "op_unsigned", "store 1");
    }

    [Fact]
    public async Task A_signature_that_was_altered_is_found()
    {
        using var chains = await Chains.HealthyAsync(chain => SignedAsync(chain, Head(1, chain.TipOf(1), _machine)));
        Chains.Edit<SignedHead>(chains.Hub, "document", "value", "collection = 'signature'", head => head.Sequence--);
        Expect(chains.Audit(), "signature_wrong", "does not hold");
    }

    [Fact]
    public async Task A_signed_op_that_is_not_there_is_on_its_way_or_lost()
    {
        using var chains = await Chains.HealthyAsync(chain => SignedAsync(chain, Head(1, (chain.TipOf(1).Sequence + 1, new byte[32]), _machine)));
        var report = chains.Audit();
        Assert.DoesNotContain(report.Findings, finding => finding.Code != "life_unknown");
        Assert.Contains(report.Unsettled, finding => finding.Code == "signature_ahead");
    }

    [Fact]
    public async Task The_signature_of_a_branch_vouches_for_the_life_up_to_the_fork()
    {
        using var chains = await Chains.HealthyAsync(async chain =>
        {
            var fork = chain.TipOf(1);
            chain.Fork(1, Branch, null);
            await chain.Branched(1, Branch, Op(OpType.TopUp, Bob, Credit(Principal, 500)), Classification.Normal, Entry("wallet/principal", -500), Entry("store/1/cash", 500));
            await SignedAsync(chain, Head(1, chain.TipOf(1, Branch), _machine, Branch));
            Assert.Equal(fork, chain.TipOf(1));
        });
        var report = chains.Audit();
        Assert.DoesNotContain(report.Findings, finding => finding.Code is "op_unsigned" or "signature_wrong" or "signature_differs");
    }

    [Fact]
    public async Task A_signature_for_a_branch_that_a_crash_left_empty_is_settled_by_the_same_op_in_the_life()
    {
        using var chains = await Chains.HealthyAsync(chain => SignedAsync(chain, Head(1, chain.TipOf(1), _machine), Head(1, chain.TipOf(1), _machine, Branch)));
        Clean(chains.Audit());
    }

    public void Dispose()
    {
        _machine.Dispose();
        _earlier.Dispose();
    }

    private Task SignedAsync(ChainBuilder chain, params DocumentWrite[] documents) => chain.HubDocuments([Store(1, _earlier, _machine), .. documents]);

    private static DocumentWrite Store(int number, params ECDsa[] keys)
    {
        var store = new StoreDocument { Store = number, Name = $"S{number}", Incarnation = Incarnation, HighestIncarnation = Branch };
        store.Lives.Add(new LifeState { Incarnation = Incarnation, Status = LifeStatus.Living });
        store.Lives.Add(new LifeState { Incarnation = Branch, Status = LifeStatus.Branch, BranchOf = Incarnation });
        store.Keys.AddRange(keys.Select(key => new StoreKeyState { PublicKey = ByteString.CopyFrom(key.ExportSubjectPublicKeyInfo()), Status = StoreKeyStatus.Current, Life = Incarnation }));
        var place = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(place, number);
        return new DocumentWrite("store", place, store.ToByteArray());
    }

    private static DocumentWrite Head(int store, (long Sequence, byte[] Hash) end, ECDsa key, long chain = Incarnation)
    {
        byte[] place = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(place, store);
        byte[] signed = [.. "synchub log head 1"u8, .. place, .. Number(Incarnation), .. Number(end.Sequence), .. end.Hash];
        var head = new SignedHead { Incarnation = Incarnation, Sequence = end.Sequence, Hash = ByteString.CopyFrom(end.Hash), Signature = ByteString.CopyFrom(key.SignData(signed, HashAlgorithmName.SHA256)) };
        return new DocumentWrite("signature", Key(store, chain, SHA256.HashData(key.ExportSubjectPublicKeyInfo())), head.ToByteArray());
    }

    private static byte[] Key(int store, long chain, byte[] rest)
    {
        var place = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(place, store);
        return [.. place, .. Number(chain), .. rest];
    }

    private static byte[] Number(long value)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(bytes, value);
        return bytes;
    }

    private static void Clean(AuditReport report)
    {
        // The hub's documents name one store only, and the other one's ops are then of no life that anybody gave.
        var found = report.Findings.Concat(report.Unsettled).Where(finding => finding.Code != "life_unknown").ToArray();
        Assert.True(found.Length == 0, string.Join('\n', found.AsEnumerable()));
    }

    private static void Expect(AuditReport report, string code, string name) =>
        Assert.True(report.Findings.Any(finding => finding.Code == code && finding.Message.Contains(name, StringComparison.Ordinal)),
            $"Expected {code} that names {name}; found:\n{string.Join('\n', report.Findings)}");
}
