namespace SyncHub.Verify;

/// <summary>The closed set of findings, by check. A code is never renamed: scripts and alarms know it.</summary>
public static class FindingCodes
{
    // 1 files

    /// <summary>A file is missing, cannot be opened, or breaks off while it is read.</summary>
    public const string FileUnreadable = "file_unreadable";

    /// <summary>SQLite finds the structure of a file damaged.</summary>
    public const string FileDamaged = "file_damaged";

    // 2 agent logs

    /// <summary>An agent's folder does not say which store and incarnation it is, or its log holds another store's ops.</summary>
    public const string AgentIdentity = "agent_identity";

    /// <summary>Two of the given agent logs are of one store and incarnation.</summary>
    public const string AgentCloned = "agent_cloned";

    /// <summary>A sequence is missing from an agent's log.</summary>
    public const string AgentLogGap = "agent_log_gap";

    /// <summary>An op of an agent's log does not have the hash that its bytes and the op before give.</summary>
    public const string AgentLogChain = "agent_log_chain";

    /// <summary>The bytes of an op in an agent's log are no op.</summary>
    public const string AgentOpUnreadable = "agent_op_unreadable";

    /// <summary>An op in an agent's log names another place than the one where it lies.</summary>
    public const string AgentOpMisnamed = "agent_op_misnamed";

    /// <summary>What an agent remembers of the log of an earlier life is not what lies in its file.</summary>
    public const string DeadLogDiffers = "dead_log_differs";

    // 3 facts at the hub

    /// <summary>A sequence is missing at the hub although its cursor has passed it.</summary>
    public const string FactGap = "fact_gap";

    /// <summary>A fact does not have the hash that its bytes and the op before give.</summary>
    public const string FactChain = "fact_chain";

    /// <summary>The bytes of a fact are no op.</summary>
    public const string FactUnreadable = "fact_unreadable";

    /// <summary>A fact names another place than the one where it lies.</summary>
    public const string FactMisnamed = "fact_misnamed";

    /// <summary>The committed cursor is ahead of the facts.</summary>
    public const string CursorAhead = "cursor_ahead";

    /// <summary>The committed cursor has another hash than the fact at its place.</summary>
    public const string CursorHash = "cursor_hash";

    /// <summary>A branch of a life does not continue its history, or nobody can tell where it begins.</summary>
    public const string BranchLoose = "branch_loose";

    // 4 every op exactly once

    /// <summary>A store logged an op that the hub says it has, and has not.</summary>
    public const string OpLost = "op_lost";

    /// <summary>The hub has an op that its store never logged.</summary>
    public const string OpInvented = "op_invented";

    /// <summary>Hub and store hold different bytes of one op.</summary>
    public const string OpBytesDiffer = "op_bytes_differ";

    /// <summary>The hub holds an op's bytes and never applied it.</summary>
    public const string OpNotApplied = "op_not_applied";

    /// <summary>An op was applied more than once.</summary>
    public const string OpAppliedTwice = "op_applied_twice";

    /// <summary>An op was applied to another member than the one it names.</summary>
    public const string OpWrongMember = "op_wrong_member";

    /// <summary>A record says that an op was applied, but names none, or one that is not there.</summary>
    public const string RecordWithoutOp = "record_without_op";

    /// <summary>A record holds another previous hash than the chain.</summary>
    public const string RecordPreviousHash = "record_previous_hash";

    /// <summary>Unsettled: logged at a store, not yet at the hub.</summary>
    public const string OpPending = "op_pending";

    /// <summary>Unsettled: facts are missing above the hub's cursor.</summary>
    public const string FactGapOpen = "fact_gap_open";

    /// <summary>Unsettled: a living life has another history in its store's file than at the hub, and nobody noticed yet.</summary>
    public const string ForkOpen = "fork_open";

    // 5 records

    /// <summary>The versions of a member's stream do not run 1, 2, 3.</summary>
    public const string VersionGap = "version_gap";

    /// <summary>The positions of the journal do not run 1, 2, 3.</summary>
    public const string PositionGap = "position_gap";

    /// <summary>A record cannot be read.</summary>
    public const string RecordUnreadable = "record_unreadable";

    // 6 wallets

    /// <summary>A snapshot differs from what the records add up to.</summary>
    public const string SnapshotDiffers = "snapshot_differs";

    /// <summary>A snapshot is of records that are not there.</summary>
    public const string SnapshotAhead = "snapshot_ahead";

    /// <summary>A snapshot cannot be read.</summary>
    public const string SnapshotUnreadable = "snapshot_unreadable";

    /// <summary>I2, I4: a pool, a right or a wallet is below zero.</summary>
    public const string NegativeAmount = "negative_amount";

    /// <summary>I3: what is free and what is held do not add up to the wallet, or a right line does not add up.</summary>
    public const string WalletUnbalanced = "wallet_unbalanced";

    /// <summary>A grant lowers a number that may only grow.</summary>
    public const string GrantShrinks = "grant_shrinks";

    /// <summary>Ops of one store about one member were applied in another order than they were logged.</summary>
    public const string OpOutOfOrder = "op_out_of_order";

    /// <summary>The hub classified an op otherwise than the rules do.</summary>
    public const string ClassificationDiffers = "classification_differs";

    /// <summary>I16: breakage of what is no lot, of a lot whose last day had not passed, or of more than was free.</summary>
    public const string BreakageWrong = "breakage_wrong";

    /// <summary>I10: the hub moved a refund right although its owner had not given it up.</summary>
    public const string RefundRightEarly = "refund_right_early";

    /// <summary>The hub judged a void or refund by another op than the one that it undoes.</summary>
    public const string RefundOriginalDiffers = "refund_original_differs";

    /// <summary>A record names an added tag by another hash than its op has.</summary>
    public const string TagNameDiffers = "tag_name_differs";

    /// <summary>A void or refund says otherwise than its log which day close was the newest.</summary>
    public const string RefundAfterClose = "refund_after_close";

    /// <summary>A settlement of more or less than free principal and receivable allow.</summary>
    public const string SettlementWrong = "settlement_wrong";

    /// <summary>The chain bears more or less than a pool lacks, or while stores hold something of it.</summary>
    public const string ShortfallWrong = "shortfall_wrong";

    /// <summary>An op was applied although an earlier one of its chain waits for a person.</summary>
    public const string OpPastParked = "op_past_parked";

    /// <summary>What a life held was released otherwise than the rules do: not all of it, more, or from one that lives.</summary>
    public const string ReleaseWrong = "release_wrong";

    /// <summary>Unsettled: a pool is below zero because the hub was restored and has not heard every store out.</summary>
    public const string PoolOwed = "pool_owed";

    // 7 accounts

    /// <summary>The entries of one record do not sum to zero.</summary>
    public const string EntriesUnbalanced = "entries_unbalanced";

    /// <summary>The entries of one record are not those that the booking rules give.</summary>
    public const string EntriesDiffer = "entries_differ";

    /// <summary>The balance of an account is not the sum of its entries.</summary>
    public const string BalanceDiffers = "balance_differs";

    /// <summary>All balances of one asset do not sum to zero.</summary>
    public const string BalancesUnbalanced = "balances_unbalanced";

    /// <summary>A wallet control account is not what members own.</summary>
    public const string ControlDiffers = "control_differs";

    // 8 right lines of agents

    /// <summary>The document with a member's lines cannot be read.</summary>
    public const string LineUnreadable = "line_unreadable";

    /// <summary>An agent's line differs from what its log adds up to.</summary>
    public const string LineDiffers = "line_differs";

    /// <summary>I1: an agent's line allows less than nothing.</summary>
    public const string LineNegative = "line_negative";

    /// <summary>I9: an agent holds more rights than the hub granted.</summary>
    public const string LineGrantAhead = "line_grant_ahead";

    /// <summary>I9: the hub counts more on a line than its store logged.</summary>
    public const string LineHubAhead = "line_hub_ahead";

    /// <summary>Unsettled: the hub counts less on a line than its store logged.</summary>
    public const string LineBehind = "line_behind";

    /// <summary>The hub's sum of what a store may spend is not what its lines hold.</summary>
    public const string ExposureDiffers = "exposure_differs";

    // 9 requests

    /// <summary>Two ops of one store answer one request.</summary>
    public const string RequestRepeated = "request_repeated";

    /// <summary>A sale or top-up names no request.</summary>
    public const string RequestMissing = "request_missing";

    // 10 claims

    /// <summary>The directory gives a phone or card to a member whose profile does not have it.</summary>
    public const string ClaimWrong = "claim_wrong";

    /// <summary>A member's phone or card that nobody else ever claimed is not in the directory.</summary>
    public const string ClaimMissing = "claim_missing";

    // 11 merges

    /// <summary>I17: a member took in more of another one's value than that one sent.</summary>
    public const string TransferInvented = "transfer_invented";

    /// <summary>Unsettled: value has left one member and not arrived at the other.</summary>
    public const string TransferPending = "transfer_pending";

    /// <summary>I17: merged members lead in a circle.</summary>
    public const string AliasCircle = "alias_circle";

    /// <summary>Unsettled: a member calls itself an alias of one that does not have it, or the other way round.</summary>
    public const string AliasPending = "alias_pending";

    // 12 lives

    /// <summary>The document of a store cannot be read.</summary>
    public const string StoreUnreadable = "store_unreadable";

    /// <summary>What a store's document says of its lives cannot all be true.</summary>
    public const string LivesWrong = "lives_wrong";

    /// <summary>The hub holds ops of a life that its store's document does not have.</summary>
    public const string LifeUnknown = "life_unknown";

    // 13 signatures

    /// <summary>A signature does not hold, or is of no machine that its store ever had.</summary>
    public const string SignatureWrong = "signature_wrong";

    /// <summary>A machine signed another op than the one that lies at its place.</summary>
    public const string SignatureDiffers = "signature_differs";

    /// <summary>An op lies at the hub that no machine of its store has signed.</summary>
    public const string OpUnsigned = "op_unsigned";

    /// <summary>A machine signed an op that is not there: on its way again, or lost by the hub. Unsettled.</summary>
    public const string SignatureAhead = "signature_ahead";

    // 14 the audit trail

    /// <summary>An entry is missing from a chain of the audit trail.</summary>
    public const string TrailGap = "trail_gap";

    /// <summary>An entry of the audit trail does not have the hash that its bytes and the entry before give.</summary>
    public const string TrailChain = "trail_chain";

    /// <summary>A chain of the audit trail does not go on from one before it, or is not listed.</summary>
    public const string TrailLoose = "trail_loose";

    /// <summary>The bytes of an entry are none, or do not say who did what.</summary>
    public const string TrailUnreadable = "trail_unreadable";

    /// <summary>A row of a table that HQ queries is not what the records add up to.</summary>
    public const string HqDiffers = "hq_differs";

    /// <summary>A member's number belongs to another cell of the chain.</summary>
    public const string MemberElsewhere = "member_elsewhere";

    /// <summary>A life was given by the hub of another cell.</summary>
    public const string LifeElsewhere = "life_elsewhere";

    /// <summary>The checks in order, each with the codes it may report.</summary>
    public static IReadOnlyList<AuditCheck> Checks { get; } =
    [
        new(1, "files can be read and are whole", [FileUnreadable, FileDamaged]),
        new(2, "agent logs are complete chains", [AgentIdentity, AgentCloned, AgentLogGap, AgentLogChain, AgentOpUnreadable, AgentOpMisnamed, DeadLogDiffers]),
        new(3, "facts at the hub are complete chains", [FactGap, FactChain, FactUnreadable, FactMisnamed, CursorAhead, CursorHash, BranchLoose, FactGapOpen]),
        new(4, "every logged op is applied exactly once", [OpLost, OpInvented, OpBytesDiffer, OpNotApplied, OpAppliedTwice, OpWrongMember, RecordWithoutOp, RecordPreviousHash, OpPending, ForkOpen]),
        new(5, "records run without gaps", [VersionGap, PositionGap, RecordUnreadable]),
        new(6, "wallets are what the events add up to", [SnapshotDiffers, SnapshotAhead, SnapshotUnreadable, NegativeAmount, WalletUnbalanced, GrantShrinks, OpOutOfOrder, ClassificationDiffers, BreakageWrong, SettlementWrong, ShortfallWrong, RefundRightEarly, RefundOriginalDiffers, TagNameDiffers, RefundAfterClose, OpPastParked, ReleaseWrong, PoolOwed]),
        new(7, "the books balance", [EntriesUnbalanced, EntriesDiffer, BalanceDiffers, BalancesUnbalanced, ControlDiffers]),
        new(8, "stores hold only rights they were given", [LineUnreadable, LineDiffers, LineNegative, LineGrantAhead, LineHubAhead, ExposureDiffers, LineBehind]),
        new(9, "every request was answered once", [RequestRepeated, RequestMissing]),
        new(10, "a phone or card leads to the member who has it", [ClaimWrong, ClaimMissing]),
        new(11, "value between merged members is under way or arrived, once", [TransferInvented, TransferPending, AliasCircle, AliasPending]),
        new(12, "each store's lives can all be true", [StoreUnreadable, LivesWrong, LifeUnknown]),
        new(13, "every op was vouched for by a machine of its store", [SignatureWrong, SignatureDiffers, OpUnsigned, SignatureAhead]),
        new(14, "the audit trail is whole", [TrailGap, TrailChain, TrailLoose, TrailUnreadable]),
        new(15, "the tables that HQ queries are what the records add up to", [HqDiffers]),
        new(16, "members and lives are of this cell", [MemberElsewhere, LifeElsewhere]),
    ];
}

/// <summary>One of the checks.</summary>
/// <param name="Number">Its number, as in README.md.</param>
/// <param name="Title">What holds when it finds nothing.</param>
/// <param name="Codes">What it may report.</param>
public sealed record AuditCheck(int Number, string Title, IReadOnlyList<string> Codes);
