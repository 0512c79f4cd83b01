using System.Diagnostics;
using System.Text.Json;
using ConntrackConsole.Audit;
using ConntrackConsole.Tests.Integration.Hosting;
using Xunit;

namespace ConntrackConsole.Tests.Audit;

/// <summary>Runs the program itself.</summary>
public sealed class AuditCommandTests
{
    [Fact]
    public async Task Verify_AKeyedLog_IsIntact_AndBrokenOnceARowIsChanged()
    {
        using var log = await ChainedLog.CreateAsync(5);
        string file = $"--Storage:ConnectionString=Data Source={log.Database.File}";
        var whole = await RunAsync(ChainedLog.Secret, "verify", file, "--head", log.Log.Head.ToString()!);
        Assert.Equal(0, whole.Exit);
        Assert.All(["5 rows checked", "Keyed: ", "Intact", log.Log.Head.ToString()!], part => Assert.Contains(part, whole.Output));
        Assert.DoesNotContain(ChainedLog.Secret, whole.Output + whole.Error);

        var unknown = await RunAsync(null, "verify", file);
        Assert.Equal(1, unknown.Exit);
        Assert.Contains("BROKEN at row 1 (key unknown)", unknown.Output);
        Assert.Contains($"[{AuditFaultCodes.KeyUnknown}]", unknown.Output);

        await log.TamperAsync("UPDATE Audit SET Why = 'another' WHERE Id = 3");
        var broken = await RunAsync(ChainedLog.Secret, "verify", "--json", file);
        Assert.Equal(1, broken.Exit);
        using var json = JsonDocument.Parse(broken.Output);
        Assert.Equal((false, 2, 3, "changed", AuditFaultCodes.Changed), (
            json.RootElement.GetProperty("whole").GetBoolean(), json.RootElement.GetProperty("rows").GetInt32(),
            json.RootElement.GetProperty("fault").GetProperty("row").GetInt32(), json.RootElement.GetProperty("fault").GetProperty("kind").GetString(),
            json.RootElement.GetProperty("fault").GetProperty("code").GetString()));
    }

    [Fact]
    public async Task Verify_TailRemoved_ExitsOneOnlyAgainstAHead()
    {
        using var log = await ChainedLog.CreateAsync(5);
        var head = log.Log.Head;
        await log.TamperAsync("DELETE FROM Audit WHERE Id > 3; UPDATE sqlite_sequence SET seq = 3 WHERE name = 'Audit'");
        string file = $"--Storage:ConnectionString=Data Source={log.Database.File}";
        var without = await RunAsync(ChainedLog.Secret, "verify", file);
        Assert.Equal(0, without.Exit);
        Assert.Contains("Rows removed from the end can be detected only with a head", without.Output);
        var with = await RunAsync(ChainedLog.Secret, "verify", $"--head={head}", file);
        Assert.Equal(1, with.Exit);
        Assert.Contains("BROKEN at row 4 (removed)", with.Output);
    }

    [Fact]
    public async Task Verify_BesideARunningConsole_ReadsWhatItHasJustWritten()
    {
        await using var host = await ConsoleHost.StartAsync();
        var beside = await RunAsync(null, "verify", $"--Storage:DataDirectory={host.Folder.FullName}", "--json");
        Assert.Equal(0, beside.Exit);
        using var json = JsonDocument.Parse(beside.Output);
        Assert.Equal(1, json.RootElement.GetProperty("unkeyed").GetInt32());
        Assert.StartsWith("Unkeyed: ", json.RootElement.GetProperty("keys").GetString());
        Assert.Equal(host.Get<AuditLog>().Head?.Hash, json.RootElement.GetProperty("head").GetProperty("hash").GetString());
    }

    [Fact]
    public async Task Verify_ACopy_IsNotChanged_EvenOnAReadOnlyMount()
    {
        using var log = await ChainedLog.CreateAsync(3, secret: null);
        await log.Database.ExecuteAsync("PRAGMA wal_checkpoint(TRUNCATE)");
        byte[] before = await File.ReadAllBytesAsync(log.Database.File, TestContext.Current.CancellationToken);
        string folder = Path.GetDirectoryName(log.Database.File)!;
        Assert.Equal(0, (await RunAsync(null, "verify", $"--Storage:DataDirectory={folder}")).Exit);
        Assert.Equal(before, await File.ReadAllBytesAsync(log.Database.File, TestContext.Current.CancellationToken));

        foreach (string end in (string[])["-wal", "-shm"])
            File.Delete(log.Database.File + end);
        // In a separate mount namespace, because root can write everywhere else.
        string readOnly = $"mount --bind '{folder}' '{folder}' && mount -o remount,bind,ro '{folder}' && ! touch '{folder}/x' 2>/dev/null && exec '{Programs.Console}' audit verify '--Storage:DataDirectory={folder}'";
        var there = await RunAsync(new ProcessStartInfo("unshare", ["--mount", "sh", "-c", readOnly]), null);
        Assert.Equal((0, ""), (there.Exit, there.Error));
        Assert.Contains("3 rows checked", there.Output);
    }

    [Fact]
    public async Task Start_WithoutTheKeyOfAKeyedLog_IsRefusedWithWhatToDo()
    {
        using var log = await ChainedLog.CreateAsync(1);
        var (exit, _, error) = await RunAsync(
            new ProcessStartInfo(Programs.Console, ["--Urls=http://127.0.0.1:0", "--Kubernetes:Enabled=false", $"--Storage:DataDirectory={Path.GetDirectoryName(log.Database.File)}"]), null);
        Assert.Equal(2, exit);
        Assert.Contains("[startup.audit_key_missing]", error);
        Assert.Contains("CONNTRACK_AUDIT_KEY", error);
        Assert.True(log.Verify(log.Log.Head).IsIntact);
    }

    [Theory]
    [InlineData("audit verify [--head N:HASH]", "--help")]
    [InlineData("--head <N:HASH>", "verify", "--help")]
    public async Task Help_Requested_IsPrinted(string part, params string[] arguments)
    {
        var (exit, output, _) = await RunAsync(null, arguments);
        Assert.Equal(0, exit);
        Assert.Contains(part, output);
    }

    [Theory]
    [InlineData("command was not provided. See 'conntrack-console audit --help'. [cli.usage]\n")]
    [InlineData("'repair'", "repair")]
    [InlineData("--head is not N:HASH", "verify", "--head", "7")]
    [InlineData("See 'conntrack-console audit verify --help'", "verify", "--head", "7")]
    [InlineData("--json takes true or false, not '1'", "verify", "--json=1")]
    [InlineData("'--bogus=1'", "verify", "--bogus=1")]
    [InlineData("[config.not_a_number]", "verify", "--Storage:RowDays=x")]
    [InlineData("[startup.database_missing]", "verify", "--Storage:DataDirectory=/no/such/folder")]
    public async Task Verify_WrongUsage_ExitsTwoWithAMessage(string sentence, params string[] arguments)
    {
        var (exit, output, error) = await RunAsync(null, arguments);
        Assert.Equal((2, ""), (exit, output));
        Assert.Contains(sentence, error);
    }

    private static Task<(int Exit, string Output, string Error)> RunAsync(string? secret, params string[] arguments) =>
        RunAsync(new ProcessStartInfo(Programs.Console, ["audit", .. arguments]), secret);

    private static async Task<(int Exit, string Output, string Error)> RunAsync(ProcessStartInfo start, string? secret)
    {
        (start.RedirectStandardOutput, start.RedirectStandardError) = (true, true);
        start.Environment["CONNTRACK_AUDIT_KEY"] = secret;
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, output, await error);
    }
}
