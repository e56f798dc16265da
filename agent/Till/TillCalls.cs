using Google.Protobuf;
using Grpc.Core;
using SyncHub.Agent.Engine;
using SyncHub.Protos.Mapping;

namespace SyncHub.Agent.Till;

/// <summary>The doors of the tills behind the doors: checks what every request has alike, who stands behind it, and hands it to the cell that it concerns.</summary>
/// <remarks>Thread rule: any thread.</remarks>
public sealed class TillCalls
{
    private readonly CashierDesk _cashiers;
    private readonly CellSwitch _cells;

    /// <summary>Calls of one store.</summary>
    /// <param name="cells">The store's part in each cell of its chain, in order; one where there is one database. Cashiers are known in the first.</param>
    public TillCalls(IReadOnlyList<CellCalls> cells)
    {
        ArgumentNullException.ThrowIfNull(cells);
        _cashiers = new CashierDesk(cells[0].Loop);
        _cells = new CellSwitch(cells);
    }

    /// <summary>Answers any request message of the service.</summary>
    /// <exception cref="RpcException">The agent could not say; the message names the way out.</exception>
    public async Task<TAnswer> CallAsync<TAnswer>(IMessage request)
        where TAnswer : IMessage => (TAnswer)await CallAsync(request);

    /// <inheritdoc cref="CallAsync{TAnswer}"/>
    public async Task<IMessage> CallAsync(IMessage request)
    {
        if (TextCheck.FindFault(request) is { } fault)
        {
            return Answers.Refusal(request, new V1.Rejection { Code = V1.RejectionCode.InvalidRequest, Message = fault }) ?? throw TillFault.FieldInvalid(fault);
        }

        try
        {
            var (signed, refusal) = await _cashiers.SignAsync(request);
            if (refusal is not null)
            {
                return Answers.Refusal(request, refusal)!;
            }

            var reply = request switch
            {
                V1.SignInRequest signIn => await _cashiers.SignInAsync(signIn),
                V1.SignOutRequest => await _cashiers.SignOutAsync(signed),
                _ => await _cells.AnswerAsync(request, signed),
            };
            return reply.Answer ?? throw TillFault.Unavailable(reply.Fault ?? "The agent has no answer. Try again.");
        }
        catch (AgentBusyException busy)
        {
            throw TillFault.Busy(busy.Message);
        }
    }
}
