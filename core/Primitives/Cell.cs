using System.Globalization;

namespace SyncHub.Core.Primitives;

/// <summary>One of the databases that share the members of a chain, each with a hub that leads it: its number, from 1, and how many there are.</summary>
/// <remarks>
/// A member belongs to one cell for ever, by its number alone; so does each life of a store's database, and with it each of its ops. How many cells
/// there are is fixed when the chain is installed: with another count members would be looked for where they are not.
/// </remarks>
public readonly record struct Cell(int Number, int Count)
{
    /// <summary>How many cells a chain may have: a life keeps the cell's number in eight bits.</summary>
    public const int Most = 256;

    private const ulong TextOffset = 0xcbf29ce484222325; // FNV-1a
    private const ulong TextPrime = 0x100000001b3;

    /// <summary>The cell of a chain that has one database.</summary>
    public static Cell Only => new(1, 1);

    /// <summary>Whether members are shared at all.</summary>
    public bool IsShared => Count > 1;

    /// <summary>Whether there can be such a cell.</summary>
    public bool IsValid => Count is >= 1 and <= Most && Number >= 1 && Number <= Count;

    /// <summary>Whether a member is this cell's.</summary>
    public bool Has(MemberId member) => NumberOf(member) == Number;

    /// <summary>The number of the cell that a member belongs to.</summary>
    public int NumberOf(MemberId member) => member.CellSlot(Count) + 1;

    /// <summary>The number of the cell in which a new member with this phone, card or other text is registered, so that one phone leads to one cell.</summary>
    public int NumberOf(string text)
    {
        var mixed = TextOffset;
        foreach (var character in text)
        {
            mixed = unchecked((mixed ^ character) * TextPrime);
        }

        return (int)(MemberId.Mix(mixed) % (ulong)Count) + 1;
    }

    /// <summary>Where a new member is registered: by phone, else by card, else by the request that asks for it, so that a repeated one comes to the same cell.</summary>
    public int NumberOf(string phone, string card, string request) => NumberOf(phone.Length > 0 ? phone : card.Length > 0 ? card : request);

    /// <summary>A new member's number that belongs to this cell.</summary>
    /// <param name="unixMs">Milliseconds since 1970.</param>
    /// <param name="entropy">At least ten random bytes. They are counted on where they would give a number of another cell.</param>
    public MemberId NewMember(long unixMs, ReadOnlySpan<byte> entropy)
    {
        var id = MemberId.Create(unixMs, entropy);
        while (!Has(id))
        {
            id = new MemberId(unchecked(id.Value + 1));
        }

        return id;
    }

    /// <summary>Reads "2/3": the second of three.</summary>
    public static bool TryParse(string? text, out Cell cell)
    {
        cell = default;
        if (text?.Split('/') is not [var number, var count]
            || !int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var read) || !int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var of))
        {
            return false;
        }

        cell = new Cell(read, of);
        return cell.IsValid;
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Number}/{Count}");
}
