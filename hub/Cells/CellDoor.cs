using Google.Protobuf;
using Grpc.Core;
using Grpc.Standard;
using Microsoft.AspNetCore.Http;
using SyncHub.Hub.Doors;
using SyncHub.V1;

namespace SyncHub.Hub.Cells;

/// <summary>Lets the hub of another cell in, which calls for somebody of headquarters whom it made sure of.</summary>
/// <remarks>Its certificate is a hub's, of the chain's own authority; a store's never is. Without certificates there are no cells.</remarks>
internal sealed class CellDoor(HubParts parts)
{
    /// <summary>The metadata with the <see cref="CellCaller"/>.</summary>
    public const string Header = "synchub-caller-bin";

    /// <summary>Whether a request says that a hub sent it.</summary>
    public static bool IsAsked(HttpContext http) => http.Request.Headers.ContainsKey(Header);

    /// <summary>Who a call is for.</summary>
    /// <exception cref="RpcException">UNAUTHENTICATED: it is no hub of this chain. FAILED_PRECONDITION: it means another cell.</exception>
    public DoorCall Read(HttpContext http, Door door)
    {
        if (!parts.Stores.Cell.IsShared || parts.Certificates is not { } authority || http.Connection.ClientCertificate is not { } presented || !authority.IsHub(presented))
        {
            throw RpcFault.Of(StatusCode.Unauthenticated, Reason.TokenWrong, "Only a hub of this chain may call for others, and this caller shows no hub's certificate.");
        }

        var said = Parse(http.Request.Headers[Header].ToString());
        var here = parts.Stores.Cell;
        if ((said.Cell, said.Cells) != (here.Number, here.Count))
        {
            throw RpcFault.Of(StatusCode.FailedPrecondition, Reason.WrongCell, $"This hub leads cell {here}; cell {said.Cell}/{said.Cells} was meant. Correct --cell-hubs of the hubs of cell 1.");
        }

        var caller = new Caller(said.Name, said.IsProgram, said.Permissions.ToHashSet(), [.. said.Stores]) { Role = said.Role };
        return new DoorCall(caller, door, said.From, parts.Time) { RequestedBy = said.RequestedBy };
    }

    /// <summary>What a hub sends along for a call.</summary>
    public static byte[] Write(DoorCall call, Core.Primitives.Cell meant)
    {
        var caller = new CellCaller { Cell = meant.Number, Cells = meant.Count, Name = call.Caller.Name, IsProgram = call.Caller.IsProgram, Role = call.Caller.Role, RequestedBy = call.RequestedBy, From = call.From };
        caller.Permissions.AddRange(call.Caller.Permissions);
        caller.Stores.AddRange(call.Caller.Stores);
        return caller.ToByteArray();
    }

    private static CellCaller Parse(string header)
    {
        try
        {
            return CellCaller.Parser.ParseFrom(Convert.FromBase64String(header.PadRight((header.Length + 3) / 4 * 4, '='))); // gRPC leaves the padding out
        }
        catch (Exception fault) when (fault is FormatException or InvalidProtocolBufferException)
        {
            throw RpcFault.Of(StatusCode.InvalidArgument, Reason.FieldInvalid, $"{Header} cannot be read: {fault.Message}");
        }
    }
}
