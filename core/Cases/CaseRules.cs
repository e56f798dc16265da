using SyncHub.Core.Ledger;
using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Profiles;
using SyncHub.Core.Rules;

namespace SyncHub.Core.Cases;

/// <summary>Decides what becomes a case, and what a person is told. Pure: the same outcome is always the same case.</summary>
public static class CaseRules
{
    /// <summary>The case of an op that was taken into the ledger; null where all is as it should be.</summary>
    public static Case? Of(Op op, OpOutcome outcome, long recordedAtMs)
    {
        if (outcome.Classification == Classification.Normal)
        {
            return null;
        }

        var kind = KindOf(op, outcome);
        var borne = outcome.Transaction.Entries.FirstOrDefault(entry => Accounts.IsLoss(entry.Account));
        return new Case
        {
            Id = CaseId.Of(kind, op.Id.ToString(), recordedAtMs),
            Kind = kind,
            OpenedAtMs = recordedAtMs,
            Member = op.Member,
            Store = op.Id.Holder.Store,
            Op = op.Id,
            AmountMinor = borne.Account is null ? op.Moves.Where(move => move.Bucket.IsMoney).Sum(move => move.AmountMinor) : borne.AmountMinor,
            AssetCode = borne.Account is null ? "" : borne.Asset.Code,
            PayerAccount = borne.Account ?? "",
            Note = outcome.Note,
            Booked = BookedBy(outcome.Transaction),
            Remedy = RemedyOf(kind),
        };
    }

    /// <summary>The case of bytes in a store's log that nobody can read as the op of that place.</summary>
    public static Case Unreadable(OpId place, string note, long recordedAtMs) => new()
    {
        Id = CaseId.Of(CaseKind.UnreadableOp, place.ToString(), recordedAtMs),
        Kind = CaseKind.UnreadableOp,
        OpenedAtMs = recordedAtMs,
        Store = place.Holder.Store,
        Op = place,
        Note = note,
        Booked = BookedBy(LedgerTransaction.Empty),
        Remedy = RemedyOf(CaseKind.UnreadableOp),
    };

    /// <summary>The case of a member who claims a phone or card that another member has and keeps: a proposal to merge the two.</summary>
    public static Case DuplicateClaim(Claim claim, MemberId claimant, MemberId owner, OpId? op, long recordedAtMs) => new()
    {
        Id = CaseId.Of(CaseKind.DuplicateClaim, $"{(int)claim.Kind}|{claim.Value}|{claimant}", recordedAtMs),
        Kind = CaseKind.DuplicateClaim,
        OpenedAtMs = recordedAtMs,
        Member = claimant,
        OtherMember = owner,
        Store = op?.Holder.Store ?? default,
        Op = op,
        Note = $"{claim.Masked} belongs to member {owner}; member {claimant} claims it too and is not found by it.",
        Booked = BookedBy(LedgerTransaction.Empty),
        Remedy = RemedyOf(CaseKind.DuplicateClaim),
    };

    /// <summary>The case of a life of a store under whose numbers two histories were written.</summary>
    public static Case Forked(Holder life, string note, long recordedAtMs) => new()
    {
        Id = CaseId.Of(CaseKind.Fork, life.ToString(), recordedAtMs),
        Kind = CaseKind.Fork,
        OpenedAtMs = recordedAtMs,
        Store = life.Store,
        Note = note,
        Booked = BookedBy(LedgerTransaction.Empty),
        Remedy = RemedyOf(CaseKind.Fork),
    };

    /// <summary>The case of ops that somebody handed in for a store and its machine did not sign: one a day, however often it is tried.</summary>
    public static Case BadSignature(Holder life, string note, long recordedAtMs) => new()
    {
        Id = CaseId.Of(CaseKind.Other, $"signature|{life}", recordedAtMs - (recordedAtMs % Calendar.DayMs)),
        Kind = CaseKind.Other,
        OpenedAtMs = recordedAtMs,
        Store = life.Store,
        Note = note,
        Booked = BookedBy(LedgerTransaction.Empty),
        Remedy = "Nothing of it was taken. Look at the store's machine: if its database or key was tampered with, `synchub store revoke`, then `store replace`; what it holds stays reserved.",
    };

    /// <summary>The case of an op that could not be decided.</summary>
    public static Case Parked(Op op, OpId place, string reason, long recordedAtMs) => new()
    {
        Id = CaseId.Of(CaseKind.ParkedOp, place.ToString(), recordedAtMs),
        Kind = CaseKind.ParkedOp,
        OpenedAtMs = recordedAtMs,
        Member = op.Member,
        Store = place.Holder.Store,
        Op = place,
        Note = $"Parked: {reason}",
        Booked = BookedBy(LedgerTransaction.Empty),
        Remedy = RemedyOf(CaseKind.ParkedOp),
    };

    /// <summary>The case of a merge that was undone while a part of what the alias had brought was spent, or lay at stores that could not be asked.</summary>
    public static Case UnmergeIncomplete(MemberId survivor, MemberId alias, long leftMinor, long version, long recordedAtMs) => new()
    {
        Id = CaseId.Of(CaseKind.Other, $"unmerge|{survivor}|{alias}|{version}", recordedAtMs),
        Kind = CaseKind.Other,
        OpenedAtMs = recordedAtMs,
        Member = survivor,
        OtherMember = alias,
        AmountMinor = leftMinor,
        Note = $"The merge of {alias} into {survivor} was undone; {leftMinor} of what it had brought stayed with the survivor: spent, or held by stores that could not be asked.",
        Booked = "What was free went back.",
        Remedy = "Compare both members' entries since the merge, and adjust what is owed to the one by the other.",
    };

    /// <summary>The case of a merge that a store has heard of and a restored hub has not: one a day, however many stores tell it.</summary>
    public static Case ForgottenMerge(MemberId survivor, MemberId alias, StoreId store, long recordedAtMs) => new()
    {
        Id = CaseId.Of(CaseKind.DuplicateClaim, $"forgotten|{survivor}|{alias}", recordedAtMs - (recordedAtMs % Calendar.DayMs)),
        Kind = CaseKind.DuplicateClaim,
        OpenedAtMs = recordedAtMs,
        Member = alias,
        OtherMember = survivor,
        Store = store,
        Note = $"Store {store} has heard that member {alias} was merged into {survivor}. The restored hub has forgotten it.",
        Booked = BookedBy(LedgerTransaction.Empty),
        Remedy = "Merge them again, before the last store has reported if you can (`synchub store list`): what stores spent of value that the merge had brought is missing at the survivor until then, and else the chain bears it.",
    };

    /// <summary>The case of what the chain bears of a member since a restore of the hub (<see cref="ShortfallBorne"/>).</summary>
    public static Case Shortfall(MemberId member, Wallets.Bucket bucket, LedgerTransaction transaction, long version, long recordedAtMs)
    {
        var borne = transaction.Entries.First(entry => Accounts.IsLoss(entry.Account));
        return new Case
        {
            Id = CaseId.Of(CaseKind.LiabilityReclaimed, $"shortfall|{member}|{bucket}|{version}", recordedAtMs),
            Kind = CaseKind.LiabilityReclaimed,
            OpenedAtMs = recordedAtMs,
            Member = member,
            AmountMinor = borne.AmountMinor,
            AssetCode = borne.Asset.Code,
            PayerAccount = borne.Account,
            Note = $"The restore of the hub had forgotten a reclaim, and {borne.AmountMinor} of {bucket} was spent twice: by the store that had been given up, and by those that were given what it held.",
            Booked = BookedBy(transaction),
            Remedy = "Nothing is owed by the member. Book the loss where the restore, or the reclaim, was decided.",
        };
    }

    /// <summary>What a person should do about a case of this kind.</summary>
    public static string RemedyOf(CaseKind kind) => kind switch
    {
        CaseKind.LiabilityReclaimed => "Settle the amount with the payer. The member keeps what was bought.",
        CaseKind.UnbackedUse => "Find out whether the store's database was copied or restored; give the store a new incarnation if it was. The payer bears the amount.",
        CaseKind.ParkedOp => "Mend the cause (update the hub where the op is of a newer version), then take it up again with `synchub case resume`; or compare with the receipt and adjust by hand.",
        CaseKind.UnreadableOp => "Compare the store's receipts with its op log and adjust by hand; the bytes are kept.",
        CaseKind.Fork => "Compare both histories with the receipts, keep the store on a new incarnation, and adjust by hand.",
        CaseKind.DuplicateClaim => "Ask the member. If both are one person, merge the newer member into the older one; else give one of them another phone or card.",
        CaseKind.RefundExceeds => "Take the difference back from the member, or let the store that refunded bear it.",
        CaseKind.Clock => "Set the store's clock. No value depends on it.",
        CaseKind.UnknownGrant => "The hub may have been restored from a copy: run `synchub verify`, and reconcile before new grants.",
        _ => "Look at the op and its receipt, and adjust where something is wrong.",
    };

    private static CaseKind KindOf(Op op, OpOutcome outcome) =>
        outcome.Kind != CaseKind.Unspecified ? outcome.Kind
        : OpDefects.Find(op) is not null ? CaseKind.ParkedOp
        : outcome.Classification == Classification.Liability ? CaseKind.LiabilityReclaimed
        : CaseKind.Other;

    private static string BookedBy(LedgerTransaction transaction) => transaction.Entries.Count == 0
        ? "Nothing: no value was moved."
        : string.Join(", ", transaction.Entries.Select(entry => $"{entry.Account} {entry.AmountMinor} {entry.Asset}"));
}
