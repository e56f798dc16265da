namespace SyncHub.Demo.Tests;

public sealed class OptionsTests
{
    [Fact]
    public void The_defaults_are_right() => Assert.Empty(new DemoOptions().FindFaults());

    [Fact]
    public void All_faults_are_told_at_once_by_the_names_that_people_typed()
    {
        var faults = new DemoOptions { Stores = 1, OutagePercent = 101, Receipts = 0, TracePath = "/nowhere.csv", Program = "/nowhere" }.FindFaults();
        Assert.Equal(["--stores", "--outage", "--receipts", "--trace"], faults.Take(4).Select(fault => fault.Split(' ')[0]));
        Assert.Equal(5, faults.Count);
    }

    [Fact]
    public void Several_hubs_need_a_database_that_they_share()
    {
        Assert.Contains("--storage", Assert.Single(new DemoOptions { Hubs = 2 }.FindFaults()), StringComparison.Ordinal);
        Assert.Empty(new DemoOptions { Hubs = 2, Storages = ["Host=x"] }.FindFaults());
        Assert.Contains("--storage", Assert.Single(new DemoOptions { Cells = 2, Storages = ["Host=x"] }.FindFaults()), StringComparison.Ordinal);
        Assert.Empty(new DemoOptions { Cells = 2 }.FindFaults());
    }

    [Fact]
    public async Task Wrong_options_end_with_code_2()
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        var code = await DemoCommand.RunAsync(new DemoOptions { Stores = 0 }, (_, _, _, _) => throw new InvalidOperationException("no audit without a run"), output, errors, CancellationToken.None);
        Assert.Equal(2, code);
        Assert.Contains("--stores", errors.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_that_no_demo_made_is_not_emptied()
    {
        var folder = Directory.CreateTempSubdirectory("synchub-demo-");
        try
        {
            var precious = Path.Combine(folder.FullName, "precious");
            await File.WriteAllTextAsync(precious, "");
            using var output = new StringWriter();
            using var errors = new StringWriter();
            var code = await DemoCommand.RunAsync(new DemoOptions { DataFolder = folder.FullName, Receipts = 10 }, (_, _, _, _) => throw new InvalidOperationException("no audit without a run"), output, errors, CancellationToken.None);
            Assert.Equal(1, code);
            Assert.True(File.Exists(precious));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
