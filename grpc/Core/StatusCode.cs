namespace Grpc.Core;

/// <summary>How a call ended; the numbers are those on the wire.</summary>
public enum StatusCode
{
    /// <summary>Success.</summary>
    OK = 0,

    /// <summary>The caller cancelled.</summary>
    Cancelled = 1,

    /// <summary>An error that says no more; also an exception that escaped a handler.</summary>
    Unknown = 2,

    /// <summary>The request is wrong whatever the state of the server.</summary>
    InvalidArgument = 3,

    /// <summary>The deadline passed first; the work may or may not have been done.</summary>
    DeadlineExceeded = 4,

    /// <summary>Something asked for does not exist.</summary>
    NotFound = 5,

    /// <summary>Something to be created exists.</summary>
    AlreadyExists = 6,

    /// <summary>The caller is known and may not do this.</summary>
    PermissionDenied = 7,

    /// <summary>A quota or a size limit was exceeded.</summary>
    ResourceExhausted = 8,

    /// <summary>The state of the server forbids it; a retry needs the state to change first.</summary>
    FailedPrecondition = 9,

    /// <summary>A concurrency conflict; retry at a higher level.</summary>
    Aborted = 10,

    /// <summary>Past the valid range.</summary>
    OutOfRange = 11,

    /// <summary>The server does not know the method, or the message encoding.</summary>
    Unimplemented = 12,

    /// <summary>A broken invariant or a broken peer.</summary>
    Internal = 13,

    /// <summary>The server cannot be reached now; retry with back-off.</summary>
    Unavailable = 14,

    /// <summary>Data was lost for good.</summary>
    DataLoss = 15,

    /// <summary>The caller did not say who it is.</summary>
    Unauthenticated = 16,
}
