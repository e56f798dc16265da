using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using SyncHub.Agent.Hosting;
using Xunit;

namespace SyncHub.Agent.Tests;

/// <summary>The file that says where an agent listens.</summary>
public sealed class ReadyFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ready").FullName;

    [Fact]
    public async Task What_cannot_be_written_now_is_written_as_soon_as_it_can_be_and_goes_at_the_end()
    {
        var path = Path.Combine(_folder, "later", "agent.ready.json");
        await using (var file = new ReadyFile(path, NullLogger.Instance, TimeProvider.System))
        {
            file.Write(Encoding.UTF8.GetBytes("{}")); // there is no such folder, which is as good as no room
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            Assert.True(SpinWait.SpinUntil(() => File.Exists(path), TimeSpan.FromMinutes(1)));
            Assert.Equal("{}", await File.ReadAllTextAsync(path));
        }

        Assert.False(File.Exists(path));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
