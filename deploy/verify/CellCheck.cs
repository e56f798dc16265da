using System.Globalization;
using System.Text;
using SyncHub.Storage.Audit;

namespace SyncHub.Verify;

/// <summary>Check 16: members and lives in this hub's database are of the cell that it was installed as, so that they are where everybody looks for them.</summary>
/// <remarks>The rule is written here a second time: splitmix64's finaliser over a member's number, its upper half modulo the count; bits 24 to 31 of a life.</remarks>
internal sealed class CellCheck(HubLog hub, FindingLog findings)
{
    public void Run(IJournalRows file)
    {
        var (cell, count) = CellOf(file);
        foreach (var life in hub.Lives.Numbers.Where(life => (ulong)((life.Incarnation >> 24) & 0xff) + 1 != cell))
        {
            findings.Add(FindingCodes.LifeElsewhere, $"life {OpText.Of(life)} was given by another cell; this is cell {cell} of {count}");
        }

        foreach (var member in hub.Members.Keys.Where(member => NumberOf(member, count) != cell))
        {
            findings.Add(FindingCodes.MemberElsewhere, $"member {MemberText.Of(member)} belongs to cell {NumberOf(member, count)}; this is cell {cell} of {count}, where nobody looks for it");
        }
    }

    private static ulong NumberOf(UInt128 member, ulong count)
    {
        unchecked
        {
            var x = (ulong)(member >> 64) ^ ((ulong)member * 0x9E3779B97F4A7C15UL);
            x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9UL;
            x = (x ^ (x >> 27)) * 0x94D049BB133111EBUL;
            return (((x ^ (x >> 31)) >> 32) % count) + 1;
        }
    }

    // A chain of one cell has no such document.
    private static (ulong Cell, ulong Count) CellOf(IJournalRows file)
    {
        var found = file.Documents("meta").FirstOrDefault(document => Encoding.ASCII.GetString(document.Key) == "cell").Value;
        if (found is null)
        {
            return (1, 1);
        }

        var parts = Encoding.ASCII.GetString(found).Split('/');
        return (ulong.Parse(parts[0], CultureInfo.InvariantCulture), ulong.Parse(parts[1], CultureInfo.InvariantCulture));
    }
}
