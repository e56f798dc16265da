namespace SyncHub.Hub.Grains;

/// <summary>Where messages for the grains of one partition go.</summary>
/// <remarks>Any thread. Messages for one member are handled in the order of the calls.</remarks>
internal interface IInbox
{
    /// <summary>How many grains are active.</summary>
    int ActiveGrains { get; }

    /// <summary>Hands a message to the partition.</summary>
    void Post(GrainMessage message);
}
