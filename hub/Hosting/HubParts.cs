using Microsoft.Extensions.Logging;
using SyncHub.Hub.Grains;
using SyncHub.Hub.Stores;
using SyncHub.Hub.Sweeps;
using SyncHub.Hub.Sync;
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
    TimeProvider Time,
    ILogger Log)
{
    /// <summary>The nightly look at every member.</summary>
    public MemberSweep CreateSweep(ILogger<MemberSweep> log) => new(Journal, Grains, Pipeline, Time, log);
}
