using Google.Protobuf.Collections;
using SyncHub.V1;
using Name = (int Store, long Incarnation, long Sequence, ulong HashHead);
using Stamp = (long WallMs, int Counter, int Store, long Incarnation, long Sequence);

namespace SyncHub.Verify;

/// <summary>What a member's events say of profile and tags: the last writer of a field wins, tags are sets of ops, erasure is the end.</summary>
internal sealed class ProfileFold
{
    // A store's stamp counts at most as a minute ahead of the hub's clock at the receipt.
    private const long AheadMs = 60_000;
    private static readonly ProfileField[] AllFields = [ProfileField.Name, ProfileField.Phone, ProfileField.Card, ProfileField.Notes, ProfileField.Email];

    private readonly HashSet<(string Kind, string Value)> _ever = [];
    private readonly Dictionary<ProfileField, (Stamp Stamp, string Value)> _fields = [];
    private readonly Dictionary<ProfileField, (Stamp Stamp, string Value)> _unproved = [];
    private readonly Dictionary<Name, string> _tags = [];
    private readonly HashSet<Name> _removedAhead = [];
    private readonly HashSet<Name> _takenTags = [];

    public bool IsErased { get; private set; }

    /// <summary>Whether the member was ever merged into another one: what is removed from then on is not taken back from there.</summary>
    public bool WasMerged { get; set; }

    /// <summary>HQ made the member.</summary>
    public void Register(MemberProfile? profile, long recordedAtMs, long version) => Register(profile ?? new MemberProfile(), OfHq(recordedAtMs, version));

    /// <summary>An op was applied.</summary>
    /// <param name="op">The op.</param>
    /// <param name="hashHead">Of one that adds a tag: what its record says of its hash.</param>
    /// <param name="recordedAtMs">When the hub took it in.</param>
    /// <param name="isSeen">Whether an op of that number was applied.</param>
    public void Apply(OpEnvelope op, ulong hashHead, long recordedAtMs, Func<Dot, bool> isSeen)
    {
        var (wall, counter) = op.Stamp is { } hlc && (hlc.WallMs, hlc.Counter) != (0, 0) ? (hlc.WallMs, hlc.Counter) : (op.OccurredAtMs, 0);
        Stamp stamp = wall > recordedAtMs + AheadMs ? (recordedAtMs + AheadMs, 0, op.Id.Store, op.Id.Incarnation, op.Id.Sequence) : (wall, counter, op.Id.Store, op.Id.Incarnation, op.Id.Sequence);
        var isProved = op.Fields.Count > 0 && op.Fields.All(change => change.Proved);
        switch (op.Type)
        {
            case OpType.RegisterMember:
                Register(op.Profile ?? new MemberProfile(), stamp);
                break;
            case OpType.ProfileSet:
                foreach (var change in op.Fields)
                {
                    Write(isProved || change.Field is not (ProfileField.Phone or ProfileField.Email) ? _fields : _unproved, change.Field, change.Value, stamp);
                }

                break;
            case OpType.TagAdd:
                Add(op.Tag, (op.Id.Store, op.Id.Incarnation, op.Id.Sequence, hashHead));
                break;
            case OpType.TagRemove:
                Remove(op.RemovedDots, isSeen);
                break;
        }
    }

    /// <summary>HQ changed fields or tags.</summary>
    public void Change(ProfileChangedEvent change, long recordedAtMs, long version)
    {
        var stamp = OfHq(recordedAtMs, version);
        foreach (var field in change.Fields)
        {
            Write(_fields, field.Field, field.Value, stamp);
        }

        for (var i = 0; i < change.AddedTags.Count; i++)
        {
            Add(change.AddedTags[i], i < change.AddedDots.Count ? Key(change.AddedDots[i]) : (0, i, version, 0));
        }

        Remove(change.RemovedDots, _ => true);
    }

    /// <summary>Tags of a merged member, each op once.</summary>
    public void TakeTags(IEnumerable<TagDot> tags)
    {
        foreach (var tag in IsErased ? [] : tags)
        {
            var key = Key(tag.Dot);
            if (_takenTags.Add(key) && !WasRemovedAhead(key))
            {
                _tags[key] = tag.Tag;
            }
        }
    }

    public void Erase()
    {
        IsErased = true;
        _fields.Clear();
        _unproved.Clear();
        _tags.Clear();
        _removedAhead.Clear();
        _takenTags.Clear();
    }

    /// <summary>What the member claims now; empty for nothing.</summary>
    public string ClaimOf(string kind) => _fields.TryGetValue(kind == "phone" ? ProfileField.Phone : ProfileField.Card, out var written) ? written.Value : "";

    /// <summary>Everything that the member ever claimed.</summary>
    public IEnumerable<string> EverClaimed(string kind) => _ever.Where(claim => claim.Kind == kind).Select(claim => claim.Value);

    /// <summary>Compares with a snapshot; one of an older hub has only the profile.</summary>
    public void Compare(MemberSnapshot snapshot, Action<string, Int128, Int128> expect)
    {
        if (snapshot.Personal is not { } personal)
        {
            return;
        }

        expect("whether it was erased", IsErased ? 1 : 0, personal.Erased ? 1 : 0);
        Compare("field", _fields, personal.Fields, expect);
        Compare("unproved field", _unproved, personal.Unproved, expect);
        var tags = personal.Tags.ToDictionary(tag => Key(tag.Dot), tag => tag.Tag);
        expect("the number of tags", _tags.Count, tags.Count);
        expect("the number of tags that agree", _tags.Count, _tags.Count(tag => tags.GetValueOrDefault(tag.Key) == tag.Value));
    }

    private static void Compare(string what, Dictionary<ProfileField, (Stamp Stamp, string Value)> should, RepeatedField<StampedField> does, Action<string, Int128, Int128> expect)
    {
        var found = does.ToDictionary(entry => entry.Field, entry => ((Stamp)(entry.At.WallMs, entry.At.Counter, entry.By.Store, entry.By.Incarnation, entry.By.Sequence), entry.Value));
        expect($"the number of {what}s", should.Count, found.Count);
        foreach (var (name, written) in should)
        {
            expect($"whether the {what} {name} is as written last", 1, found.TryGetValue(name, out var other) && other == written ? 1 : 0);
        }
    }

    private void Register(MemberProfile profile, Stamp stamp)
    {
        foreach (var name in AllFields)
        {
            Write(_fields, name, name switch
            {
                ProfileField.Name => profile.Name,
                ProfileField.Phone => profile.Phone,
                ProfileField.Card => profile.Card,
                ProfileField.Notes => profile.Notes,
                _ => profile.Email,
            }, stamp);
        }
    }

    private void Write(Dictionary<ProfileField, (Stamp Stamp, string Value)> into, ProfileField name, string value, Stamp stamp)
    {
        // Two copies of a machine may write at the same stamp: the greater value counts.
        if (IsErased || (into.TryGetValue(name, out var before) && (stamp.CompareTo(before.Stamp), string.CompareOrdinal(value, before.Value)) is (< 0, _) or (0, <= 0)))
        {
            return;
        }

        into[name] = (stamp, value);
        if (into == _fields && value.Length > 0 && name is ProfileField.Phone or ProfileField.Card)
        {
            _ever.Add((name == ProfileField.Phone ? "phone" : "card", value));
        }
    }

    private void Add(string tag, Name key)
    {
        if (!IsErased && !WasRemovedAhead(key))
        {
            _tags[key] = tag;
        }
    }

    private void Remove(IEnumerable<Dot> dots, Func<Dot, bool> isSeen)
    {
        foreach (var dot in IsErased ? [] : dots)
        {
            var name = Key(dot);
            Name[] found = name.HashHead != 0 && _tags.ContainsKey(name) ? [name]
                : [.. _tags.Keys.Where(key => key with { HashHead = 0 } == name with { HashHead = 0 } && (key.HashHead == 0 || name.HashHead == 0))];
            foreach (var key in found)
            {
                _tags.Remove(key);
                _ = WasMerged && _takenTags.Add(key);
            }

            if (found.Length == 0 && (name.HashHead != 0 || !isSeen(dot)))
            {
                _removedAhead.Add(name);
            }
        }
    }

    // By whoever named this op, or, before heads of hashes were said, its number.
    private bool WasRemovedAhead(Name name) => _removedAhead.Remove(name) || (name.HashHead != 0 && _removedAhead.Remove(name with { HashHead = 0 }));

    // HQ's stamp follows every one that it could see.
    private Stamp OfHq(long recordedAtMs, long version)
    {
        var newest = _fields.Values.Concat(_unproved.Values).Select(written => (written.Stamp.WallMs, written.Stamp.Counter)).DefaultIfEmpty().Max();
        return recordedAtMs > newest.WallMs ? (recordedAtMs, 0, 0, 0, version) : (newest.WallMs, newest.Counter + 1, 0, 0, version);
    }

    private static Name Key(Dot? dot) => dot is null ? default : (dot.Store, dot.Incarnation, dot.Sequence, dot.HashHead);
}
