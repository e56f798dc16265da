namespace Grpc.AspNetCore.Server.Internal;

/// <summary>Whoever knows the headers of a response; not a delegate, which would be one object more for each call.</summary>
internal interface IResponseStart
{
    /// <summary>Sets those that are the protocol's.</summary>
    void SetHeaders();
}
