using SyncHub.Core.Cases;
using SyncHub.Core.Ledger;
using SyncHub.Core.Members;
using SyncHub.Core.Primitives;
using SyncHub.Core.Profiles;
using SyncHub.Core.Wallets;
using SyncHub.Hub.Cases;
using SyncHub.Hub.Members;
using SyncHub.Hub.Stores;
using SyncHub.Hub.Sync;
using SyncHub.Storage;
using AuditEntry = SyncHub.V1.AuditEntry;

namespace SyncHub.Hub.Grains;

/// <summary>What a partition decided in one go: one journal batch, the effects that wait for it, and the members whose followers must hear.</summary>
internal sealed class Batch(long number, int expected = 0)
{
    // Where a batch has more than a handful of accounts; one of a few ops compares.
    private const int Few = 8;

    private Dictionary<(string Account, string Asset), int>? _balances;
    private readonly Dictionary<MemberId, MemberState> _changed = [];
    private readonly Dictionary<StoreId, Exposure> _exposure = [];

    /// <summary>Counts up within the partition.</summary>
    public long Number { get; } = number;

    /// <summary>What to write.</summary>
    public JournalBatch Journal { get; } = new(expected);

    /// <summary>Acts of people and programs that are written with it.</summary>
    public List<AuditEntry> Acts { get; } = [];

    /// <summary>What to send once it is written.</summary>
    public List<GrainEffect> Effects { get; } = [];

    /// <summary>Members to be read anew once this batch is written.</summary>
    public List<MemberId> Recovering { get; } = [];

    /// <summary>By how much what each store may spend or has advanced changed.</summary>
    public IReadOnlyDictionary<StoreId, Exposure> Exposure => _exposure;

    /// <summary>Adds a ledger transaction to the balances.</summary>
    public void Book(int partition, LedgerTransaction transaction)
    {
        for (var i = 0; i < transaction.Entries.Count; i++)
        {
            var entry = transaction.Entries[i];
            var index = FindBalance(entry);
            if (index >= 0)
            {
                Journal.Balances[index] = Journal.Balances[index] with { DeltaMinor = checked(Journal.Balances[index].DeltaMinor + entry.AmountMinor) };
                continue;
            }

            _balances?.Add((entry.Account, entry.Asset.Code), Journal.Balances.Count);
            Journal.Balances.Add(new BalanceChange(partition, entry.Account, entry.Asset.Code, entry.AmountMinor));
        }
    }

    private int FindBalance(LedgerEntry entry)
    {
        if (_balances is null && Journal.Balances.Count > Few)
        {
            _balances = [];
            for (var i = 0; i < Journal.Balances.Count; i++)
            {
                _balances.Add((Journal.Balances[i].Account, Journal.Balances[i].Asset), i);
            }
        }

        if (_balances is not null)
        {
            return _balances.TryGetValue((entry.Account, entry.Asset.Code), out var known) ? known : -1;
        }

        var index = Journal.Balances.Count - 1;
        while (index >= 0 && (Journal.Balances[index].Account != entry.Account || Journal.Balances[index].Asset != entry.Asset.Code))
        {
            index--;
        }

        return index;
    }

    /// <summary>Claims that are written with this batch.</summary>
    public List<Claim> Claimed { get; } = [];

    /// <summary>Work between members that begins or ends with this batch.</summary>
    public List<MergeWork.Work> Works { get; } = [];

    /// <summary>Writes a phone or card into the directory. The first claimant keeps it; a second one gets a case.</summary>
    public void Claim(ClaimChange change, TurnContext context, MemberMessage cause)
    {
        var before = Journal.Documents.Count;
        if (context.Claims.Write(Journal, change) is { } owner)
        {
            CaseBook.Open(Journal, CaseRules.DuplicateClaim(change.Claim, change.Member, owner, (cause as OpArrived)?.Op.Id, context.NowMs));
        }
        else if (Journal.Documents.Count > before)
        {
            Claimed.Add(change.Claim);
        }
    }

    /// <summary>What each store may spend of a member, or has advanced, to be compared after a turn.</summary>
    /// <param name="state">The member.</param>
    /// <param name="exposure">What to fill; emptied before.</param>
    public static void ReadExposure(MemberState state, ExposureList exposure)
    {
        exposure.Clear();
        foreach (var bucket in state.Buckets)
        {
            if (!bucket.Bucket.IsMoney && bucket.Bucket != Bucket.Credit)
            {
                continue;
            }

            foreach (var line in bucket.Lines)
            {
                exposure.Add(line.Holder.Store, bucket.Bucket.IsMoney ? new Exposure(line.Outstanding, 0, 0) : new Exposure(0, line.Outstanding, 0));
            }
        }

        if (state.Credit.Floor.Count > 0)
        {
            foreach (var (holder, line) in state.Credit.Floor)
            {
                exposure.Add(holder.Store, new Exposure(0, 0, line.OutstandingMinor));
            }
        }
    }

    /// <summary>A turn changed a member.</summary>
    /// <param name="state">The member after it.</param>
    /// <param name="before">The exposure before it.</param>
    /// <param name="after">And after it.</param>
    public void Changed(MemberState state, ExposureList before, ExposureList after)
    {
        _changed[state.Id] = state;
        for (var i = 0; i < after.Count; i++)
        {
            var (store, amount) = after[i];
            var delta = amount - before.Of(store);
            if (delta != default)
            {
                _exposure[store] = _exposure.GetValueOrDefault(store) + delta;
            }
        }
    }

    /// <summary>A member's state is not to be trusted any more.</summary>
    public void Forget(MemberId member) => _changed.Remove(member);

    /// <summary>One change for each changed member and follower, however many events there were.</summary>
    /// <remarks>
    /// Also for a store that is not connected now: it may be when this is durable, and its walk over the journal began before that. Whether it is
    /// connected is asked when the change leaves.
    /// </remarks>
    public void AddChanges()
    {
        foreach (var (id, state) in _changed)
        {
            MemberView? view = null;
            foreach (var store in state.Followers)
            {
                Effects.Add(new GrainEffect(id, new SendChange(store, view ??= MemberView.Of(state))));
            }
        }
    }
}
