using SyncHub.Core.Members;
using SyncHub.Core.Mechanisms;
using SyncHub.Core.Primitives;

namespace SyncHub.Core.Profiles;

/// <summary>Who decided, and when: the order in which the last writer of a field wins. Store 0 is HQ, its sequence the member's version.</summary>
public readonly record struct Stamp(Hlc At, OpId By) : IComparable<Stamp>
{
    /// <inheritdoc/>
    public int CompareTo(Stamp other)
    {
        var order = At.CompareTo(other.At);
        order = order != 0 ? order : By.Holder.CompareTo(other.By.Holder);
        return order != 0 ? order : By.Sequence.CompareTo(other.By.Sequence);
    }
}

/// <summary>A value with the stamp that it won by.</summary>
public readonly record struct Written(string Value, Stamp Stamp);

/// <summary>A tag and the op that added it. Removing names ops, so a tag that is added anew at the same time elsewhere stays.</summary>
public readonly record struct TagDot(string Tag, Dot Dot);

/// <summary>A member's profile and tags at the hub: joins of what stores and HQ wrote, in any order the same (I18).</summary>
/// <remarks>
/// Fields: the last writer wins. Contact fields that were not proved lie beside them until somebody confirms. Tags: a set of dots; an op
/// removes the dots that its store had seen. Erased is the end: nothing that arrives later changes anything. Not thread-safe.
/// </remarks>
public sealed class PersonalData
{
    /// <summary>Longest tag, characters.</summary>
    public const int LongestTag = 40;

    /// <summary>Fields as they count.</summary>
    public SortedDictionary<ProfileField, Written> Fields { get; } = [];

    /// <summary>The newest unproved value of each contact field, whether it is newer than the one that counts or not.</summary>
    public SortedDictionary<ProfileField, Written> Unproved { get; } = [];

    /// <summary>Tags by the op that added them.</summary>
    public SortedDictionary<Dot, string> Dots { get; } = [];

    /// <summary>Dots that were not there when they were removed; gone as soon as they arrive.</summary>
    public SortedSet<Dot> RemovedAhead { get; } = [];

    /// <summary>Dots that are not taken from another member: they came with a merge before, or were removed here and may have gone to a survivor, from whom a merge the other way round would bring them back.</summary>
    public SortedSet<Dot> TakenDots { get; } = [];

    /// <summary>Whether the member's data were erased.</summary>
    public bool IsErased { get; set; }

    /// <summary>The tags, each once, ordered.</summary>
    public IReadOnlyList<string> Tags => [.. Dots.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    /// <summary>The dots.</summary>
    public IReadOnlyList<TagDot> TagDots => Dots.Count == 0 ? [] : [.. Dots.Select(dot => new TagDot(dot.Value, dot.Key))];

    /// <summary>Contact fields with a newer value that nobody has proved yet.</summary>
    public IReadOnlyList<FieldChange> Pending => Unproved.Count == 0 ? [] :
        [.. Unproved.Where(entry => entry.Value.Stamp.CompareTo(Fields.GetValueOrDefault(entry.Key).Stamp) > 0).Select(entry => new FieldChange(entry.Key, entry.Value.Value))];

    /// <summary>The newest stamp of all fields.</summary>
    public Hlc Newest => NewestOf(Unproved, NewestOf(Fields, null)) ?? default;

    // Each view of a member asks for it: an enumerator only where there is something.
    private static Hlc? NewestOf(SortedDictionary<ProfileField, Written> fields, Hlc? newest)
    {
        if (fields.Count > 0)
        {
            foreach (var (_, written) in fields)
            {
                newest = newest is { } known ? Hlc.Max(known, written.Stamp.At) : written.Stamp.At;
            }
        }

        return newest;
    }

    /// <summary>Takes a value of a field; an older one than is there changes nothing.</summary>
    public void Write(FieldChange change, Stamp stamp, bool isProved)
    {
        var into = isProved ? Fields : Unproved;
        var value = change.Value ?? "";
        if (!IsErased && (!into.TryGetValue(change.Field, out var written) || IsAfter(stamp, value, written)))
        {
            into[change.Field] = new Written(value, stamp);
        }
    }

    // A machine and its copy can write the same field by ops of one number in one moment: then the greater value wins, whichever comes first.
    private static bool IsAfter(Stamp stamp, string value, Written written) =>
        stamp.CompareTo(written.Stamp) is var order && (order > 0 || (order == 0 && string.CompareOrdinal(value, written.Value) > 0));

    /// <summary>An op added a tag.</summary>
    public void Add(string tag, Dot dot)
    {
        if (!IsErased && !WasRemovedAhead(dot))
        {
            Dots[dot] = tag;
        }
    }

    /// <summary>An op removed what its store had seen.</summary>
    /// <param name="dots">What it had seen.</param>
    /// <param name="isSeen">Whether the hub has applied an op of that number: what is named by its number alone, was applied and is not here was removed before.</param>
    /// <param name="wasMerged">Whether the member was ever merged into another one, which then has its tags too.</param>
    public void Remove(IEnumerable<Dot> dots, Func<OpId, bool> isSeen, bool wasMerged)
    {
        foreach (var dot in IsErased ? [] : dots)
        {
            var named = FindNamed(dot);
            foreach (var found in named)
            {
                Dots.Remove(found);
                _ = wasMerged && TakenDots.Add(found);
            }

            // Of a number alone "applied" is known. Which of two histories' ops under one number was applied is not: the other one may still come.
            if (named.Length == 0 && (dot.HashHead != 0 || !isSeen(dot.Op)))
            {
                RemovedAhead.Add(dot);
            }
        }
    }

    /// <summary>Tags of a member that was merged into this one, each once.</summary>
    public void TakeTags(IEnumerable<TagDot> tags)
    {
        foreach (var (tag, dot) in IsErased ? [] : tags)
        {
            if (TakenDots.Add(dot) && !WasRemovedAhead(dot))
            {
                Dots[dot] = tag;
            }
        }
    }

    // Itself, where it is here; else whatever it may be the name of.
    private Dot[] FindNamed(Dot dot) => Dots.ContainsKey(dot) && dot.HashHead != 0 ? [dot] : [.. Dots.Keys.Where(known => known.Names(dot))];

    private bool WasRemovedAhead(Dot dot) => RemovedAhead.Remove(dot) || (dot.HashHead != 0 && RemovedAhead.Remove(dot with { HashHead = 0 }));

    /// <summary>Forgets everything for good.</summary>
    public void Erase()
    {
        IsErased = !Switches.IsOff(Mechanism.ErasureWins);
        Fields.Clear();
        Unproved.Clear();
        Dots.Clear();
        RemovedAhead.Clear();
        TakenDots.Clear();
    }

    /// <summary>The profile as it counts; the home store is not a field that stores compete for.</summary>
    public MemberProfile ProfileAt(StoreId homeStore) => IsErased ? MemberProfile.Empty
        : Fields.Aggregate(MemberProfile.Empty with { HomeStore = homeStore }, (profile, field) => ProfileFields.With(profile, field.Key, field.Value.Value));
}
