using SyncHub.V1;

namespace SyncHub.Faults.Tests;

/// <summary>One receipt that a till printed.</summary>
/// <param name="Request">The till's name for it.</param>
/// <param name="Op">The op that it says was logged.</param>
/// <param name="Hash">The op's hash, hexadecimal; empty on a day close, which prints none.</param>
/// <param name="WalletMinor">By how much it says that the wallet's money changed.</param>
/// <param name="Code">The proven op on it; empty where there is none.</param>
internal sealed record Printed(string Request, OpId Op, string Hash, long WalletMinor, string Code = "");
