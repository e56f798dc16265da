using Google.Protobuf;
using SyncHub.Storage;
using SyncHub.Storage.Audit;
using SyncHub.V1;

namespace SyncHub.Verify;

/// <summary>Check 12: the lives of each store's database as the hub's documents tell them, and whether they can all be true.</summary>
/// <remarks>
/// A chain of ops lies under the number of a life, or under that of a branch: a second history that was written under one life's numbers.
/// A hub of before lives were kept has documents without any: then the one incarnation is living.
/// </remarks>
internal sealed class Lives(FindingLog findings)
{
    private readonly Dictionary<ProducerId, LifeState> _byNumber = [];
    private readonly Dictionary<ProducerId, List<ProducerId>> _branches = [];
    private readonly HashSet<long> _reconciling = [];

    /// <summary>Whether there are documents at all.</summary>
    public bool IsKnown { get; private set; }

    /// <summary>Whether the hub was restored and has not heard every store out.</summary>
    public bool IsReconciling => _reconciling.Count > 0;

    public void Read(IJournalRows file)
    {
        foreach (var document in file.Documents("store"))
        {
            IsKnown = true;
            try
            {
                Take(StoreDocument.Parser.ParseFrom(document.Value));
            }
            catch (InvalidProtocolBufferException error)
            {
                findings.Add(FindingCodes.StoreUnreadable, $"the document of a store (key {Convert.ToHexString(document.Key)}) cannot be read: {error.Message}");
            }
        }
    }

    /// <summary>Every life and branch.</summary>
    public IEnumerable<ProducerId> Numbers => _byNumber.Keys;

    /// <summary>A life or branch; null where no document has it.</summary>
    public LifeState? Find(ProducerId number) => _byNumber.GetValueOrDefault(number);

    /// <summary>Whether a life may still write; so does one that no document has.</summary>
    public bool IsLiving(ProducerId life) => Find(life) is null or { Status: LifeStatus.Living };

    /// <summary>Whether what a life held was taken from it although it may have used it; so may one be that no document has.</summary>
    public bool IsReclaimed(ProducerId life) => Find(life) is null or { Release: ReleaseKind.Reclaimed };

    public bool IsBranch(ProducerId chain) => Find(chain) is { Status: LifeStatus.Branch };

    /// <summary>The life in whose name a chain was written: itself, unless it is a branch.</summary>
    public ProducerId LifeOf(ProducerId chain) => Find(chain) is { Status: LifeStatus.Branch } branch ? chain with { Incarnation = branch.BranchOf } : chain;

    public IReadOnlyList<ProducerId> BranchesOf(ProducerId life) => _branches.TryGetValue(life, out var branches) ? branches : [];

    /// <summary>Whether this store has not been heard out since the hub was restored.</summary>
    public bool IsReconcilingWith(long store) => _reconciling.Contains(store);

    private void Take(StoreDocument store)
    {
        if (store.Reconciling)
        {
            _reconciling.Add(store.Store);
        }

        if (store.Lives.Count == 0 && store.Incarnation > 0)
        {
            store.Lives.Add(new LifeState { Incarnation = store.Incarnation, Status = LifeStatus.Living });
        }

        foreach (var life in store.Lives)
        {
            var number = new ProducerId(store.Store, life.Incarnation);
            if (!_byNumber.TryAdd(number, life))
            {
                Report(store, $"{OpText.Of(number)} is listed twice");
            }
            else if (life.Status == LifeStatus.Branch)
            {
                var of = number with { Incarnation = life.BranchOf };
                (_branches.TryGetValue(of, out var branches) ? branches : _branches[of] = []).Add(number);
            }
        }

        foreach (var life in store.Lives)
        {
            Check(store, life);
        }

        if (store.Lives.Count(life => life.Status == LifeStatus.Living) > 1)
        {
            Report(store, "more than one life is living");
        }
    }

    private void Check(StoreDocument store, LifeState life)
    {
        var name = OpText.Of(new ProducerId(store.Store, life.Incarnation));
        var fault = life.Status switch
        {
            LifeStatus.Living when life.Incarnation != store.Incarnation => $"is living, but the store's newest life is {OpText.Of(new ProducerId(store.Store, store.Incarnation))}",
            LifeStatus.Living when life.Release != ReleaseKind.Unspecified || life.Released => "is living, but what it holds is taken from it",
            // Of a closed life a copy may have brought more, and what that held is disowned.
            LifeStatus.Closed when life.Release == ReleaseKind.Unspecified || !life.Released => "is closed, but what it held was not given back",
            LifeStatus.Branch when Find(new ProducerId(store.Store, life.BranchOf)) is not { Status: not LifeStatus.Branch } => "is a branch of no life",
            LifeStatus.Living or LifeStatus.Dead or LifeStatus.Closed or LifeStatus.Branch => null,
            _ => $"has status {(int)life.Status}",
        };
        if (fault is not null)
        {
            Report(store, $"{name} {fault}");
        }

        if (life.Incarnation > Math.Max(store.HighestIncarnation, store.Incarnation))
        {
            Report(store, $"{name} is above the highest number that was given; it may be given again");
        }

        if (life.ConfirmedToken > store.Token || life.IssuedTokens.Any(token => token > store.Token))
        {
            Report(store, $"{name} has a token above {store.Token}, the highest that was given");
        }
    }

    private void Report(StoreDocument store, string what) => findings.Add(FindingCodes.LivesWrong, $"store {store.Store}: {what}");
}
