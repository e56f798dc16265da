using System.Security.Cryptography;
using SyncHub.Core.Primitives;

namespace SyncHub.Core.Tests.Primitives;

public sealed class OpHashTests
{
    [Fact]
    public void A_link_is_the_sha256_of_the_hash_before_and_the_bytes()
    {
        byte[] op = [1, 2, 3];
        byte[] expected = SHA256.HashData([.. new byte[32], .. op]);

        Assert.Equal(expected, OpHash.Genesis.Next(op).ToBytes());
        Assert.Equal(SHA256.HashData([.. expected, 4]), OpHash.Genesis.Next(op).Next([4]).ToBytes());
    }

    [Fact]
    public void Bytes_read_back_as_the_same_hash_and_none_are_the_genesis()
    {
        var hash = OpHash.Genesis.Next([7]);

        Assert.Equal(hash, OpHash.FromBytes(hash.ToBytes()));
        Assert.True(hash == OpHash.FromBytes(hash.ToBytes()));
        Assert.True(hash != OpHash.Genesis);
        Assert.Equal(OpHash.Genesis, OpHash.FromBytes([]));
        Assert.Equal(OpHash.Genesis, OpHash.FromBytes(new byte[32]));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(31)]
    [InlineData(33)]
    public void Another_length_is_no_hash(int length) => Assert.Throws<ArgumentException>(() => OpHash.FromBytes(new byte[length]));

    [Fact]
    public void Exchanged_ops_end_in_another_hash() =>
        Assert.NotEqual(OpHash.Genesis.Next([1]).Next([2]), OpHash.Genesis.Next([2]).Next([1]));
}
