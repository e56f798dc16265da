using System.Buffers.Binary;
using System.Security.Cryptography;
using Google.Protobuf;
using SyncHub.Storage;
using SyncHub.V1;

namespace SyncHub.Verify.Tests;

/// <summary>Nothing can be taken out of the audit trail, put into it or changed, but at its newest end.</summary>
public sealed class TrailTests
{
    [Fact]
    public async Task Two_chains_of_which_the_second_goes_on_from_the_first_are_sound()
    {
        using var chains = await TrailAsync();

        Assert.True(chains.Audit().IsClean(converged: true), string.Join('\n', chains.Audit().Findings));
    }

    [Theory]
    [InlineData("DELETE FROM fact WHERE store = -1 AND incarnation = 10 AND sequence = 2", "trail_gap")]
    [InlineData("UPDATE fact SET bytes = x'12017822017942017A' WHERE store = -1 AND incarnation = 10 AND sequence = 2", "trail_chain")]
    [InlineData("DELETE FROM fact WHERE store = -1 AND incarnation = 10", "trail_loose")]
    [InlineData("DELETE FROM fact WHERE store = -1 AND incarnation = 20", "trail_gap")]
    [InlineData("DELETE FROM document WHERE collection = 'audit-chain' AND hex(key) LIKE '%14'", "trail_loose")]
    [InlineData("UPDATE fact SET bytes = x'FFFF' WHERE store = -1 AND incarnation = 10 AND sequence = 3", "trail_unreadable")]
    [InlineData("UPDATE fact SET bytes = x'0801' WHERE store = -1 AND incarnation = 10 AND sequence = 3", "trail_unreadable")]
    public async Task Damage_is_found(string sql, string code)
    {
        using var chains = await TrailAsync();
        Chains.Tamper(chains.Hub, sql);

        Assert.True(chains.Audit().Counts.GetValueOrDefault(code) > 0, string.Join('\n', chains.Audit().Findings));
    }

    private static Task<Chains> TrailAsync() => Chains.HealthyAsync(async chain =>
    {
        var tip = await AddAsync(chain, 10, 3, null);
        await AddAsync(chain, 20, 2, new AuditLink { Chain = 10, Sequence = 3, Hash = ByteString.CopyFrom(tip) });
    });

    private static async Task<byte[]> AddAsync(ChainBuilder builder, long chain, int entries, AuditLink? link)
    {
        var key = new byte[16];
        BinaryPrimitives.WriteInt64BigEndian(key, 1_790_000_000_000 + chain);
        BinaryPrimitives.WriteInt64BigEndian(key.AsSpan(8), chain);
        await builder.HubDocuments(new DocumentWrite("audit-chain", key, new AuditChainDocument { Chain = chain }.ToByteArray()));
        var hash = new byte[32];
        for (var sequence = 1; sequence <= entries; sequence++)
        {
            var bytes = new AuditEntry { Who = "user kim", What = "Members/EraseMember", Outcome = "done", Link = sequence == 1 ? link : null }.ToByteArray();
            hash = SHA256.HashData([.. hash, .. bytes]);
            await builder.HubFact(new NewFact(new ProducerId(-1, chain), sequence, hash, bytes));
        }

        return hash;
    }
}
