namespace SyncHub.Core.Mechanisms;

/// <summary>What keeps money right, one by one. The build for mutants can turn each off, to show that it is load-bearing.</summary>
public enum Mechanism
{
    /// <summary>None is off.</summary>
    None = 0,

    /// <summary>Rights come as absolute numbers: a repeated frame grants nothing.</summary>
    AbsoluteGrants,

    /// <summary>Nothing leaves the hub before it is durable.</summary>
    CommitBeforeSend,

    /// <summary>An op is applied once.</summary>
    Dedupe,

    /// <summary>A chain's hashes are compared.</summary>
    HashChain,

    /// <summary>An agent sends again from the hub's watermark, whatever it was told before.</summary>
    ResendFromHubWatermark,

    /// <summary>A restored hub takes over grants that it had forgotten.</summary>
    GrantHealing,

    /// <summary>A restored hub grants nothing before it has heard every store.</summary>
    ReconcileMode,

    /// <summary>After its day close a store does not undo what it sold before.</summary>
    RefundRightHasOneOwner,

    /// <summary>A locked agent gives no rights back.</summary>
    LockedGivesNothing,

    /// <summary>A database is compared with the guard outside of it.</summary>
    Guard,

    /// <summary>A Hello must show its newest token.</summary>
    Tokens,

    /// <summary>Only the live stream of a store is heard.</summary>
    StreamFencing,

    /// <summary>A database that ends below what the hub has is stale.</summary>
    StaleCheck,

    /// <summary>After a restore of the hub, dead lives hold nothing.</summary>
    DeadRelease,

    /// <summary>A second stream must wait for the first to fail a challenge.</summary>
    Challenge,

    /// <summary>A second history under one life's numbers is kept as a branch.</summary>
    Branches,

    /// <summary>An op that a branch brought before is not applied again.</summary>
    BranchDedupe,

    /// <summary>An op is not applied to a member that has it from another chain of its life, where another hub has put it.</summary>
    MembersKnowChains,

    /// <summary>A store spends from rights that it holds, and not from the balance that it last heard of.</summary>
    LocalRights,

    /// <summary>Rights end with the life that held them.</summary>
    LinesEndWithLife,

    /// <summary>A token is durable before it is used.</summary>
    DurableToken,

    /// <summary>A dead log goes up from its start.</summary>
    FactsFromTheStart,

    /// <summary>A hub that was restored twice begins two terms.</summary>
    TermsNeverTwice,

    /// <summary>A snapshot holds what was applied.</summary>
    SnapshotMarks,

    /// <summary>At its end only the free part of a lot goes to breakage.</summary>
    BreakageTakesOnlyWhatIsFree,

    /// <summary>The hub grants what another store gave up only when its op is there.</summary>
    RelinquishBeforeGrant,

    /// <summary>A life's log says itself that it is whole, before what it held comes back.</summary>
    CloseBeforeRelease,

    /// <summary>A release counts what it takes as disowned.</summary>
    DisownedIsCounted,

    /// <summary>The tail of records after a snapshot is replayed.</summary>
    SnapshotTail,

    /// <summary>A commit is on the disk before the receipt (SQLite synchronous=FULL); switched off in the simulated disk.</summary>
    FullSync,

    /// <summary>UNIQUE(stream, version) and the documents' fence; switched off in the simulated disk.</summary>
    JournalFences,

    /// <summary>An op that a member's state has is not applied to it again.</summary>
    MemberMarks,

    /// <summary>A commit is there as a whole or not at all; switched off in the simulated disk.</summary>
    AtomicCommit,

    /// <summary>What went from one member to another is said as a total, so that a repeated message moves nothing.</summary>
    AbsoluteTransfers,

    /// <summary>What is under way between two members is written down, and said again after a crash.</summary>
    MergeWorkIsDurable,

    /// <summary>What was said to another member is under way until an answer to just that, or to something later, has come.</summary>
    AnswersNameVersions,

    /// <summary>Who has promised to take somebody in becomes nobody's alias.</summary>
    OffersComeFirst,

    /// <summary>A store counts what it advanced to a member before.</summary>
    FloorIsCumulative,

    /// <summary>A store advances no more than its budget before its hub has heard of it.</summary>
    FloorBudget,

    /// <summary>Only free principal settles a debt.</summary>
    SettlesOnlyWhatIsFree,

    /// <summary>A store spends no more points than it has rights to.</summary>
    PointsAreRights,

    /// <summary>The stamp of a store whose clock is ahead is taken back to the hub's clock.</summary>
    ClampedStamps,

    /// <summary>After an erasure nothing is written any more.</summary>
    ErasureWins,

    /// <summary>Removing a tag removes what the remover had seen, and not what others add at the same time.</summary>
    TagsAreDots,

    /// <summary>What was refunded before counts.</summary>
    RefundsAreCumulative,

    /// <summary>A day close counts when the hub has every op before it.</summary>
    ClosesNeedTheLog,

    /// <summary>The totals of the day are what was written of them and what the log has behind that.</summary>
    DayIsReadFromTheLog,

    /// <summary>What was undone behind a day close may be forgotten: such an op is not read from the log alone.</summary>
    ClosedOpsAreNotReadFromTheLog,

    /// <summary>What the hub knows of refunds is told with the right to make more.</summary>
    RightsSayWhatWasRefunded,

    /// <summary>Before a refund right moves, those that the member was merged into say what was given back under their names.</summary>
    SurvivorsSayWhatWasRefunded,

    /// <summary>A survivor pays what its aliases owe.</summary>
    DebtsFollowTheMerge,

    /// <summary>A survivor gets the credit limit of the member that is merged into it, where that is larger.</summary>
    CreditFollowsTheMerge,

    /// <summary>An op that breaks a turn is parked.</summary>
    Parking,

    /// <summary>An op of a kind that this version does not know is kept.</summary>
    UnknownOpsAreKept,

    /// <summary>A snapshot of an older version that lacks something is not believed; the records are.</summary>
    OldSnapshotsAreReplayed,

    /// <summary>No more ops are under way than the hub allows.</summary>
    Window,

    /// <summary>Receipts that wait are looked at again.</summary>
    ReceiptsAreKept,

    /// <summary>What late top-ups of a reclaimed life brought is released at the end of its log.</summary>
    LateValueIsReleased,

    /// <summary>A life that a receipt may give something is not written down as released before the receipt's op is durable and what it brought was released.</summary>
    ReceiptsReopenLives,

    /// <summary>When a batch is not written, none that builds upon it is.</summary>
    BatchesBreakTogether,

    /// <summary>A parked op parks the later ops of its log in whatever chain they stand.</summary>
    ParksTheLog,

    /// <summary>A restored hub hears the logs again that it had confirmed before.</summary>
    LogsOfOtherTerms,

    /// <summary>A tag of headquarters has a name of its own at every member.</summary>
    TagsHaveOwnNames,

    /// <summary>The name of a tag tells apart what a machine and its copy added under one number.</summary>
    DotsTellHistories,

    /// <summary>Receipts that a machine printed under one number before and after it was restored are kept side by side.</summary>
    ReceiptsTellHistories,

    /// <summary>A restored hub hears who keeps replicas of whom.</summary>
    FollowersAreHeard,

    /// <summary>A store that was granted rights goes on hearing of the member, though it had ceased to follow.</summary>
    HoldersAreTold,

    /// <summary>A store that has a replica again after it ceased to follow says so in its log.</summary>
    FollowIsSaid,

    /// <summary>A new life of a database says of whom it keeps replicas: the log of the life before may have ended that.</summary>
    NewLivesSayWhoTheyFollow,

    /// <summary>What a store may spend is kept when its replica is dropped: grants are cumulative.</summary>
    LinesOutliveReplicas,

    /// <summary>Past its lease a store that does not hear its hub lets nobody spend.</summary>
    LeaseEndsSpending,

    /// <summary>The answer to a call is kept as long as a till may repeat it.</summary>
    AnswersAreKept,

    /// <summary>Nothing is taken that the store's machine did not sign.</summary>
    Signatures,

    /// <summary>A receipt stays at the store until headquarters has answered.</summary>
    HandedInIsKept,

    /// <summary>A member stays in an agent's memory while a batch is decided.</summary>
    MembersStayWhileDeciding,

    /// <summary>A store that was away hears of every member that changed since.</summary>
    ChangesAreNoted,

    /// <summary>What a store holds stays reserved however long it is silent; switched off by the simulator, which gives it away.</summary>
    ReservedWhileSilent,
}
