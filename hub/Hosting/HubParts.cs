using Microsoft.Extensions.Logging;
using SyncHub.Hub.Grains;
using SyncHub.Hub.Stores;
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
    ILogger Log);
