using SyncHub.Storage.Sealing;
using Xunit;

namespace SyncHub.EndToEnd.Tests;

/// <summary><c>synchub keys</c>.</summary>
public sealed class KeysTests
{
    [Fact]
    public async Task A_hub_without_a_database_file_because_it_runs_on_PostgreSQL_gets_its_new_key()
    {
        var folder = Directory.CreateTempSubdirectory("keys");
        var path = Path.Combine(folder.FullName, "hub.keys");
        KeyRing.OpenOrCreate(path);

        await Cli.DoAsync("keys", "rotate", "--data", folder.FullName);

        Assert.Equal([(byte)1, (byte)2], KeyRing.Open(path).Numbers);
        folder.Delete(recursive: true);
    }
}
