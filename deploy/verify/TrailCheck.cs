using System.Buffers.Binary;
using Google.Protobuf;
using SyncHub.Storage;
using SyncHub.Storage.Audit;
using SyncHub.V1;

namespace SyncHub.Verify;

/// <summary>Check 14: the audit trail is whole. Its entries are facts of the producer store -1, one chain for each process of a hub; each chain names the end of one before it.</summary>
/// <remarks>What no chain can tell is whether its newest end was cut off: compare the tip with a copy that lies elsewhere.</remarks>
internal sealed class TrailCheck(FindingLog findings)
{
    /// <summary>The producer's store number of the trail.</summary>
    public const long Store = -1;

    private const string Chains = "audit-chain";

    /// <summary>Whether a fact is an entry of the trail, and no op.</summary>
    public static bool IsEntry(StoredFact fact) => fact.Producer.Store == Store;

    public void Run(IJournalRows file)
    {
        var order = new List<long>();
        foreach (var document in file.Documents(Chains))
        {
            order.Add(document.Key.Length == 16 ? BinaryPrimitives.ReadInt64BigEndian(document.Key.AsSpan(8)) : 0);
        }

        var hashes = new Dictionary<(long Chain, long Sequence), byte[]>();
        var links = new Dictionary<long, AuditLink?>();
        StoredFact previous = default;
        foreach (var fact in file.Facts().Where(IsEntry))
        {
            if (fact.Producer != previous.Producer || previous.Hash is null)
            {
                previous = new StoredFact(fact.Producer, 0, Chain.Genesis, []);
            }

            Check(previous, fact);
            hashes[(fact.Producer.Incarnation, fact.Sequence)] = fact.Hash;
            Read(fact, links);
            previous = fact;
        }

        foreach (var chain in links.Keys.Where(chain => !order.Contains(chain)))
        {
            findings.Add(FindingCodes.TrailLoose, $"chain {chain} of the audit trail is not listed");
        }

        CheckLinks(order, links, hashes);
    }

    private void Check(StoredFact previous, StoredFact fact)
    {
        if (fact.Sequence != previous.Sequence + 1)
        {
            findings.Add(FindingCodes.TrailGap, $"after entry {previous.Sequence} of chain {fact.Producer.Incarnation} of the audit trail comes entry {fact.Sequence}");
        }
        else if (!Chain.Follows(previous.Hash, fact.Bytes, fact.Hash))
        {
            findings.Add(FindingCodes.TrailChain, $"entry {fact.Sequence} of chain {fact.Producer.Incarnation} of the audit trail has hash {OpText.Hash(fact.Hash)}; its bytes and the entry before give another");
        }
    }

    private void Read(StoredFact fact, Dictionary<long, AuditLink?> links)
    {
        try
        {
            var entry = AuditEntry.Parser.ParseFrom(fact.Bytes);
            links.TryAdd(fact.Producer.Incarnation, fact.Sequence == 1 ? entry.Link : null);
            if (entry.Who.Length == 0 || entry.What.Length == 0 || entry.Outcome.Length == 0)
            {
                findings.Add(FindingCodes.TrailUnreadable, $"entry {fact.Sequence} of chain {fact.Producer.Incarnation} of the audit trail does not say who did what");
            }
        }
        catch (InvalidProtocolBufferException error)
        {
            findings.Add(FindingCodes.TrailUnreadable, $"entry {fact.Sequence} of chain {fact.Producer.Incarnation} of the audit trail cannot be read: {error.Message}");
        }
    }

    private void CheckLinks(List<long> order, Dictionary<long, AuditLink?> links, Dictionary<(long, long), byte[]> hashes)
    {
        var isFirst = true;
        foreach (var chain in order)
        {
            if (!links.TryGetValue(chain, out var link))
            {
                findings.Add(FindingCodes.TrailGap, $"chain {chain} of the audit trail is listed, but has no entry");
            }
            else if (link is null ? !isFirst : !hashes.TryGetValue((link.Chain, link.Sequence), out var hash) || !link.Hash.Span.SequenceEqual(hash))
            {
                findings.Add(FindingCodes.TrailLoose, $"chain {chain} of the audit trail does not go on from an entry that is there: something before it is missing");
            }

            isFirst = false;
        }
    }
}
