using Microsoft.Extensions.Logging;

namespace SyncHub.Hub.Sync;

/// <summary>Beats for every open stream once a second: one timer for all of them, which looks at a tenth of the streams at each tick, so that a thousand agents neither wake a thousand timers nor hear from the hub in one burst.</summary>
/// <remarks>Thread-safe. Its timer runs only while there are streams. A tick that comes while the one before is still busy is passed over.</remarks>
internal sealed class BeatWheel(TimeProvider time, ILogger log)
{
    private const int Slots = 10;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(100);

    private readonly Lock _gate = new();
    private readonly List<Seat>[] _slots = [.. Enumerable.Range(0, Slots).Select(_ => new List<Seat>())];
    private ITimer? _timer;
    private int _count;
    private int _newest;
    private int _hand;
    private int _isBusy;

    /// <summary>Beats for a stream until what is returned is disposed of.</summary>
    /// <param name="beat">What is due every second.</param>
    /// <param name="end">Ends the stream; where a beat fails.</param>
    public IDisposable Add(Action beat, Action end)
    {
        lock (_gate)
        {
            var seat = new Seat(this, _newest++ % Slots, beat, end);
            _slots[seat.Slot].Add(seat);
            if (_count++ == 0)
            {
                _timer = time.CreateTimer(static wheel => ((BeatWheel)wheel!).OnTick(), this, Tick, Tick);
            }

            return seat;
        }
    }

    private void Remove(Seat seat)
    {
        lock (_gate)
        {
            if (_slots[seat.Slot].Remove(seat) && --_count == 0)
            {
                _timer?.Dispose();
                _timer = null;
            }
        }
    }

    private void OnTick()
    {
        if (Interlocked.Exchange(ref _isBusy, 1) == 1)
        {
            return;
        }

        Seat[] due;
        lock (_gate)
        {
            due = [.. _slots[_hand = (_hand + 1) % Slots]];
        }

        foreach (var seat in due)
        {
            seat.Beat(log);
        }

        Volatile.Write(ref _isBusy, 0);
    }

    private sealed class Seat(BeatWheel wheel, int slot, Action beat, Action end) : IDisposable
    {
        public int Slot { get; } = slot;

        public void Beat(ILogger log)
        {
            try
            {
                beat();
            }
            catch (Exception fault)
            {
                log.LogError(fault, "A store's stream is ended, because its beat failed: {Reason}", fault.Message);
                end();
            }
        }

        public void Dispose() => wheel.Remove(this);
    }
}
