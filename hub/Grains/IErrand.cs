namespace SyncHub.Hub.Grains;

/// <summary>Work that was set going and waits for a thread: a partition with messages, a stream with frames to send.</summary>
internal interface IErrand : IThreadPoolWorkItem
{
    /// <summary>Does it on this thread.</summary>
    /// <param name="isAlone">Whether nothing else was set going with it, and nobody is kept waiting by a thread that blocks for as long as a commit takes.</param>
    void Run(bool isAlone);
}
