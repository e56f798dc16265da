using Microsoft.Extensions.Logging;
using SyncHub.Core.Identity;
using SyncHub.Hub.Approving;
using SyncHub.Hub.Certificates;
using SyncHub.Hub.OnAccount;
using SyncHub.Hub.Grains;
using SyncHub.Hub.Receipts;
using SyncHub.Hub.Stores;
using SyncHub.Hub.Sweeps;
using SyncHub.Hub.Sync;
using SyncHub.Hub.Users;
using SyncHub.Storage;

namespace SyncHub.Hub;

/// <summary>The living parts of a hub that its doors need.</summary>
internal sealed record HubParts(
    IJournal Journal,
    StoreRegistry Stores,
    RulesetInForce Rules,
    LinkDirectory Links,
    GrainDirectory Grains,
    CommitPipeline Pipeline,
    EffectRouter Router,
    ISchedule Schedule,
    TimeProvider Time,
    ILogger Log,
    FloorDenials Denials)
{
    private LineReleases? _releases;
    private ReceiptDesk? _receipts;
    private BeatWheel? _beats;
    private MissLimit? _misses;
    private ApprovalBook? _approvals;
    private StoreOrders? _orders;

    /// <summary>How long a store may let members spend without hearing the hub, milliseconds; 0 = no limit.</summary>
    public long LeaseMs { get; init; }

    /// <summary>The chain's certificate authority; null for a hub that runs without, on loopback only.</summary>
    public CertificateAuthority? Certificates { get; init; }

    /// <summary>Every open stream of a store.</summary>
    public OpenStreams Streams { get; } = new();

    /// <summary>How many phones and cards that nobody has a store may ask for.</summary>
    public MissLimit Misses => LazyInitializer.EnsureInitialized(ref _misses, () => new MissLimit(Time));

    /// <summary>Beats for every open stream.</summary>
    public BeatWheel Beats => LazyInitializer.EnsureInitialized(ref _beats, () => new BeatWheel(Time, Log));

    /// <summary>Whether the journal has not answered for so long that another hub may lead: nobody is kept waiting here then.</summary>
    public Func<bool> IsCutOff { get; init; } = static () => false;

    /// <summary>The keys of receipts; null where the hub runs without a folder.</summary>
    public ReceiptKeys? ReceiptKeys { get; init; }

    /// <summary>Whether acts that need a second person may be done by one alone.</summary>
    public bool OnePersonIsEnough { get; init; }

    /// <summary>How long whoever approves an order waits for the store's word.</summary>
    public TimeSpan OrderPatience { get; init; } = UsualOrderPatience;

    /// <summary>A store that is here answers within two round trips and a commit.</summary>
    public static readonly TimeSpan UsualOrderPatience = TimeSpan.FromSeconds(3);

    /// <summary>Credit limits above this need a second person, minor units.</summary>
    public long ApprovalAboveMinor { get; init; }

    /// <summary>Cashiers' PINs; null where the hub runs without a folder.</summary>
    public PinBook? Pins { get; init; }

    /// <summary>Takes receipts; null where there are no keys.</summary>
    public ReceiptDesk? Receipts => ReceiptKeys is { } keys ? LazyInitializer.EnsureInitialized(ref _receipts, () => new ReceiptDesk(this, keys)) : null;

    /// <summary>Acts that wait for a second person.</summary>
    public ApprovalBook Approvals => LazyInitializer.EnsureInitialized(ref _approvals, () => new ApprovalBook(this));

    /// <summary>Approved acts that a store has to book.</summary>
    public StoreOrders Orders => LazyInitializer.EnsureInitialized(ref _orders, () => new StoreOrders(this));

    /// <summary>Takes from lives that ended what they held.</summary>
    public LineReleases Releases => LazyInitializer.EnsureInitialized(ref _releases, () => new LineReleases(this));

    /// <summary>The hub's clock, Unix milliseconds.</summary>
    public long NowMs() => Time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Goes on with what a hub that stopped had begun.</summary>
    public void Resume()
    {
        foreach (var store in Stores.All().Where(store => store.Lives.All.Any(life => life.Status == LifeStatus.Dead)))
        {
            Links.GetOrAdd(store.Id, id => new StoreLink(id, this)).Resume();
        }

        Receipts?.Resume();
    }

    /// <summary>The nightly look at every member.</summary>
    public MemberSweep CreateSweep(ILogger<MemberSweep> log) => new(this, log);
}
