namespace SyncHub.Hub.Grains;

/// <summary>Posts a message later.</summary>
internal interface IAlarm
{
    /// <summary>Posts <paramref name="message"/> after a delay; a hub that stops before forgets it.</summary>
    void Post(GrainMessage message, int delayMs);
}
