using System.Globalization;
using SyncHub.V1;

namespace SyncHub.Faults.Tests;

/// <summary>What the tills printed, and what they were told instead. Thread-safe.</summary>
internal sealed class Receipts
{
    private readonly Lock _lock = new();
    private readonly List<Printed> _printed = [];
    private readonly SortedDictionary<string, int> _refused = new(StringComparer.Ordinal);
    private readonly List<string> _faults = [];

    /// <summary>All receipts so far.</summary>
    public IReadOnlyList<Printed> All
    {
        get
        {
            lock (_lock)
            {
                return [.. _printed];
            }
        }
    }

    /// <summary>Answers that no fault explains.</summary>
    public IReadOnlyList<string> Faults
    {
        get
        {
            lock (_lock)
            {
                return [.. _faults];
            }
        }
    }

    public void Print(string request, Receipt receipt)
    {
        var money = receipt.PaidPrincipalMinor + receipt.PaidBonusMinor;
        var change = receipt.Type == OpType.Sale ? -money : money + receipt.ToppedUpMinor + receipt.BonusMinor;
        Add(new Printed(request, receipt.Op, Convert.ToHexString(receipt.OpHash.Span), change, receipt.Code));
    }

    public void Print(string request, OpId dayClose) => Add(new Printed(request, dayClose, "", 0));

    public void Refuse(string request, Rejection rejection)
    {
        lock (_lock)
        {
            _refused[rejection.Code.ToString()] = _refused.GetValueOrDefault(rejection.Code.ToString()) + 1;
            // These say that the till asked wrongly, which it never does; every other refusal some fault can bring about.
            if (rejection.Code is RejectionCode.Unspecified or RejectionCode.InvalidRequest or RejectionCode.InvalidAmount or RejectionCode.RequestIdReused)
            {
                _faults.Add($"{request} was refused with {rejection.Code}: {rejection.Message}");
            }
        }
    }

    public void Fault(string fault)
    {
        lock (_lock)
        {
            _faults.Add(fault);
        }
    }

    public override string ToString()
    {
        lock (_lock)
        {
            return string.Create(CultureInfo.InvariantCulture, $"{_printed.Count} receipts; refused: {string.Join(", ", _refused.Select(pair => $"{pair.Value} {pair.Key}"))}");
        }
    }

    private void Add(Printed printed)
    {
        lock (_lock)
        {
            _printed.Add(printed);
        }
    }
}
