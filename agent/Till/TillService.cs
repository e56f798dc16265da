using Grpc.Core;

namespace SyncHub.Agent.Till;

/// <summary>The gRPC service of tills: each method hands its message to <see cref="TillCalls"/>.</summary>
/// <remarks>Thread rule: any thread.</remarks>
internal sealed class TillService(TillCalls calls) : V1.Till.TillBase
{
    public override Task<V1.SignInAnswer> SignIn(V1.SignInRequest request, ServerCallContext context) => calls.CallAsync<V1.SignInAnswer>(request);

    public override Task<V1.SignOutAnswer> SignOut(V1.SignOutRequest request, ServerCallContext context) => calls.CallAsync<V1.SignOutAnswer>(request);

    public override Task<V1.IdentifyAnswer> Register(V1.RegisterRequest request, ServerCallContext context) => calls.CallAsync<V1.IdentifyAnswer>(request);

    public override Task<V1.IdentifyAnswer> SetProfile(V1.SetProfileRequest request, ServerCallContext context) => calls.CallAsync<V1.IdentifyAnswer>(request);

    public override Task<V1.IdentifyAnswer> AddTag(V1.TagRequest request, ServerCallContext context) => calls.CallAsync<V1.IdentifyAnswer>(request);

    public override Task<V1.IdentifyAnswer> RemoveTag(V1.UntagRequest request, ServerCallContext context) => calls.CallAsync<V1.IdentifyAnswer>(request);

    public override Task<V1.IdentifyAnswer> Identify(V1.IdentifyTillRequest request, ServerCallContext context) => calls.CallAsync<V1.IdentifyAnswer>(request);

    public override Task<V1.IdentifyAnswer> Balance(V1.BalanceRequest request, ServerCallContext context) => calls.CallAsync<V1.IdentifyAnswer>(request);

    public override Task<V1.QuoteAnswer> Quote(V1.QuoteRequest request, ServerCallContext context) => calls.CallAsync<V1.QuoteAnswer>(request);

    public override Task<V1.OpAnswer> TopUp(V1.TopUpRequest request, ServerCallContext context) => calls.CallAsync<V1.OpAnswer>(request);

    public override Task<V1.OpAnswer> Sell(V1.SaleRequest request, ServerCallContext context) => calls.CallAsync<V1.OpAnswer>(request);

    public override Task<V1.OpAnswer> Void(V1.VoidRequest request, ServerCallContext context) => calls.CallAsync<V1.OpAnswer>(request);

    public override Task<V1.OpAnswer> Refund(V1.RefundRequest request, ServerCallContext context) => calls.CallAsync<V1.OpAnswer>(request);

    public override Task<V1.OpAnswer> RedeemPoints(V1.RedeemRequest request, ServerCallContext context) => calls.CallAsync<V1.OpAnswer>(request);

    public override Task<V1.OpAnswer> ConfirmTender(V1.TenderRequest request, ServerCallContext context) => calls.CallAsync<V1.OpAnswer>(request);

    public override Task<V1.OpAnswer> RejectTender(V1.RejectTenderRequest request, ServerCallContext context) => calls.CallAsync<V1.OpAnswer>(request);

    public override Task<V1.OpAnswer> Adjust(V1.AdjustRequest request, ServerCallContext context) => calls.CallAsync<V1.OpAnswer>(request);

    public override Task<V1.LastReceiptsAnswer> LastReceipts(V1.LastReceiptsRequest request, ServerCallContext context) => calls.CallAsync<V1.LastReceiptsAnswer>(request);

    public override Task<V1.ShowReceiptAnswer> ShowReceipt(V1.ShowReceiptRequest request, ServerCallContext context) => calls.CallAsync<V1.ShowReceiptAnswer>(request);

    public override Task<V1.HandInAnswer> HandInReceipt(V1.HandInRequest request, ServerCallContext context) => calls.CallAsync<V1.HandInAnswer>(request);

    public override Task<V1.CloseDayAnswer> CloseDay(V1.CloseDayRequest request, ServerCallContext context) => calls.CallAsync<V1.CloseDayAnswer>(request);

    public override Task<V1.StatusAnswer> Status(V1.StatusRequest request, ServerCallContext context) => calls.CallAsync<V1.StatusAnswer>(request);
}
