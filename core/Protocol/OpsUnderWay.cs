using SyncHub.Core.Primitives;

namespace SyncHub.Core.Protocol;

/// <summary>The ops of one chain between its watermark and its newest op, oldest first: the hash of each, and whether it is durable.</summary>
/// <remarks>A ring: an op costs no allocation and no search. Owned by one <see cref="StoreSession"/>; not thread-safe.</remarks>
internal sealed class OpsUnderWay
{
    private const int FirstSize = 16;
    private const int LargestKept = 256; // 12 KB: a store that once came back with a backlog shall not keep room for it

    private (OpHash Hash, bool IsDurable)[] _ring = [];
    private int _oldest;
    private int _count;

    /// <summary>Adds the op after the newest one.</summary>
    public void Add(OpHash hash, bool isDurable)
    {
        if (_count == _ring.Length)
        {
            Grow();
        }

        _ring[Slot(_count++)] = (hash, isDurable);
    }

    /// <summary>The hash of an op, counted from the oldest.</summary>
    public OpHash HashAt(int index) => _ring[Slot(index)].Hash;

    /// <summary>Whether an op, counted from the oldest, is durable.</summary>
    public bool IsDurable(int index) => _ring[Slot(index)].IsDurable;

    /// <summary>An op, counted from the oldest, is durable.</summary>
    public void SetDurable(int index) => _ring[Slot(index)].IsDurable = true;

    /// <summary>An op, counted from the oldest, is durable with this hash.</summary>
    public void SetDurable(int index, OpHash hash) => _ring[Slot(index)] = (hash, true);

    /// <summary>Takes the oldest op away if it is durable.</summary>
    public bool TryTakeDurable(out OpHash hash)
    {
        hash = default;
        if (_count == 0 || !_ring[_oldest].IsDurable)
        {
            return false;
        }

        hash = _ring[_oldest].Hash;
        _oldest = Slot(1);
        if (--_count == 0 && _ring.Length > LargestKept)
        {
            (_ring, _oldest) = ([], 0);
        }

        return true;
    }

    /// <summary>How many are not durable.</summary>
    public int CountNotDurable()
    {
        var count = 0;
        for (var i = 0; i < _count; i++)
        {
            count += IsDurable(i) ? 0 : 1;
        }

        return count;
    }

    private int Slot(int index) => (_oldest + index) & (_ring.Length - 1);

    private void Grow()
    {
        var larger = new (OpHash Hash, bool IsDurable)[Math.Max(FirstSize, 2 * _ring.Length)];
        for (var i = 0; i < _count; i++)
        {
            larger[i] = _ring[Slot(i)];
        }

        (_ring, _oldest) = (larger, 0);
    }
}
