using System.Buffers.Binary;
using System.Security.Cryptography;
using Google.Protobuf;
using SyncHub.Storage;
using SyncHub.Storage.Audit;
using SyncHub.V1;

namespace SyncHub.Verify;

/// <summary>Check 13: every op at the hub was vouched for by a machine of its store.</summary>
/// <remarks>
/// A machine signs the end of its log; by the chain of hashes that vouches for every op before it, so the hub keeps the newest signature of each key in
/// each chain. An op that came on a receipt is proven by that instead, and marked. A store without keys is of a hub without certificates: there is
/// nothing to check.
/// </remarks>
internal sealed class SignatureCheck(HubLog hub, FindingLog findings)
{
    private const int PlaceBytes = 12;
    private const int SignatureBytes = 64;
    private readonly Dictionary<long, Dictionary<string, byte[]>> _keys = [];
    private readonly Dictionary<ProducerId, long> _covered = [];
    private readonly HashSet<ProducerId> _ahead = [];
    private readonly HashSet<(ProducerId, long)> _receipts = [];

    private static ReadOnlySpan<byte> Purpose => "synchub log head 1"u8;

    /// <summary>After all facts were read.</summary>
    public void Run(IJournalRows file)
    {
        foreach (var store in file.Documents("store").Select(document => StoreDocument.Parser.ParseFrom(document.Value)).Where(store => store.Keys.Count > 0))
        {
            _keys[store.Store] = store.Keys.Select(key => key.PublicKey.ToByteArray()).DistinctBy(NameOf, StringComparer.Ordinal).ToDictionary(NameOf, StringComparer.Ordinal);
        }

        foreach (var document in file.Documents("receipt_op").Where(document => document.Key.Length == PlaceBytes + 8))
        {
            _receipts.Add((ChainOf(document.Key), BinaryPrimitives.ReadInt64BigEndian(document.Key.AsSpan(PlaceBytes))));
        }

        foreach (var document in file.Documents("signature"))
        {
            Take(document);
        }

        foreach (var (chain, log) in hub.Facts.Logs.Where(log => _keys.ContainsKey(log.Key.Store)))
        {
            CheckCovered(chain, log);
        }
    }

    private void Take(DocumentRow document)
    {
        if (document.Key.Length <= PlaceBytes)
        {
            findings.Add(FindingCodes.SignatureWrong, $"a signature lies under the key {Convert.ToHexString(document.Key)}, which names no log and no machine");
            return;
        }

        var chain = ChainOf(document.Key);
        var name = Convert.ToHexString(document.Key.AsSpan(PlaceBytes));
        SignedHead head;
        try
        {
            head = SignedHead.Parser.ParseFrom(document.Value);
        }
        catch (InvalidProtocolBufferException error)
        {
            findings.Add(FindingCodes.SignatureWrong, $"a signature of {OpText.Of(chain)} cannot be read: {error.Message}");
            return;
        }

        var text = $"the signature of {OpText.Of(chain, head.Sequence)} by key {name[..12]}";
        if (!_keys.TryGetValue(chain.Store, out var keys) || !keys.TryGetValue(name, out var key))
        {
            findings.Add(FindingCodes.SignatureWrong, $"{text} is of no machine that this store ever had");
        }
        else if (!Holds(key, chain, head))
        {
            findings.Add(FindingCodes.SignatureWrong, $"{text} does not hold");
        }
        else if (hub.Lives.LifeOf(chain).Incarnation != head.Incarnation)
        {
            findings.Add(FindingCodes.SignatureWrong, $"{text} is of life {head.Incarnation}");
        }
        else
        {
            Cover(chain, head, text);
        }
    }

    private void Cover(ProducerId chain, SignedHead head, string text)
    {
        if (hub.Facts.FindEntry(chain, head.Sequence) is not { } entry)
        {
            if (LiesInAnotherChain(chain, head))
            {
                return;
            }

            _ahead.Add(chain);
            findings.AddUnsettled(FindingCodes.SignatureAhead, $"{text} is kept, but the op is not there: it is on its way again, or the hub lost it");
            return;
        }

        if (entry.HashHead != Chain.Head(head.Hash.Span))
        {
            findings.Add(FindingCodes.SignatureDiffers, $"{text} is for hash {OpText.Hash(head.Hash.ToByteArray())}, but the op there has another");
            return;
        }

        // The history of a branch is that of the chain that it was forked from, up to there.
        var upTo = head.Sequence;
        for (var next = (ProducerId?)chain; next is { } one; next = hub.Facts.Origins.TryGetValue(one, out var origin) ? origin : null)
        {
            _covered[one] = Math.Max(_covered.GetValueOrDefault(one), upTo);
            upTo = hub.Facts.Logs[one][0].Sequence - 1;
        }
    }

    // The hub had begun a branch for a copy's log, and died with it; then the store brought the same ops itself. The signature is older than the op.
    private bool LiesInAnotherChain(ProducerId chain, SignedHead head) =>
        hub.Facts.Logs.Keys.Any(other => other.Store == chain.Store && hub.Lives.LifeOf(other).Incarnation == head.Incarnation
            && hub.Facts.FindEntry(other, head.Sequence) is { } entry && entry.HashHead == Chain.Head(head.Hash.Span));

    private void CheckCovered(ProducerId chain, List<FactEntry> log)
    {
        var covered = _covered.GetValueOrDefault(chain);
        var bare = log.Where(entry => entry.Sequence > covered && entry.Twin is null && !_receipts.Contains((chain, entry.Sequence))).Take(1).ToArray();
        if (bare.Length == 0)
        {
            return;
        }

        var text = $"{OpText.Of(chain, bare[0].Sequence)} and what follows it there is signed by no machine of its store";
        if (_ahead.Contains(chain))
        {
            findings.AddUnsettled(FindingCodes.SignatureAhead, text + ", but a later op is");
        }
        else
        {
            findings.Add(FindingCodes.OpUnsigned, text);
        }
    }

    private static bool Holds(byte[] publicKey, ProducerId chain, SignedHead head)
    {
        var signed = new byte[Purpose.Length + PlaceBytes + 8 + Chain.HashBytes];
        if (head.Hash.Length != Chain.HashBytes || head.Signature.Length != SignatureBytes)
        {
            return false;
        }

        Purpose.CopyTo(signed);
        var rest = signed.AsSpan(Purpose.Length);
        BinaryPrimitives.WriteInt32BigEndian(rest, (int)chain.Store);
        BinaryPrimitives.WriteInt64BigEndian(rest[4..], head.Incarnation);
        BinaryPrimitives.WriteInt64BigEndian(rest[PlaceBytes..], head.Sequence);
        head.Hash.Span.CopyTo(rest[(PlaceBytes + 8)..]);
        try
        {
            using var key = ECDsa.Create();
            key.ImportSubjectPublicKeyInfo(publicKey, out _);
            return key.VerifyData(signed, head.Signature.Span, HashAlgorithmName.SHA256);
        }
        catch (CryptographicException)
        {
            return false; // no key at all
        }
    }

    private static string NameOf(byte[] publicKey) => Convert.ToHexString(SHA256.HashData(publicKey));

    private static ProducerId ChainOf(byte[] key) => new(BinaryPrimitives.ReadInt32BigEndian(key), BinaryPrimitives.ReadInt64BigEndian(key.AsSpan(4)));
}
