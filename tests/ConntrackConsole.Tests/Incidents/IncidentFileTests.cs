using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ConntrackConsole.Cli;
using ConntrackConsole.Findings.Live;
using ConntrackConsole.Findings;
using ConntrackConsole.Incidents.Files;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Tests.Architecture;
using ConntrackConsole.Tests.Findings;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;
using Xunit;
using static ConntrackConsole.Tests.Findings.FindingScene;

namespace ConntrackConsole.Tests.Incidents;

/// <summary>An incident file has what its window has, and whatever is not an intact file is refused with its reason.</summary>
[Trait("Category", "Parser")]
public sealed class IncidentFileTests
{
    private const int HeadLength = 16;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ReadBack_HasTheSameTimeline_AndAuditRows()
    {
        using var scene = await BrokenAsync();
        await scene.WriteAuditAsync();
        var written = await scene.IncidentAsync();
        byte[] file = IncidentCodec.Write(written);
        var read = IncidentCodec.Read(file);

        var query = new TimelineQuery(written.FromMs, written.ToMs, 60);
        var (live, replayed) = (scene.Console.Store.Query(query), new IncidentReplay(read).Timeline(Ct).Query(query));
        Assert.NotEmpty(live.Services);
        Assert.Equal(Lanes(live), Lanes(replayed));
        Assert.Equal(live.Resets.UnNated, replayed.Resets.UnNated);
        Assert.Equal(2, live.Resets.UnNated.Sum());
        Assert.Equal(live.Gaps, replayed.Gaps);
        Assert.Equal(live.Terminations.Select(ended => ended.Uid), replayed.Terminations.Select(ended => ended.Uid));
        Assert.Equal([FindingAudit.Opened], read.Audit.Select(row => row.What).Distinct());
        Assert.Equal(written.Audit, read.Audit);
    }

    /// <summary>A fact that the diagnosis reads and the file does not have would make a file lead to other findings.</summary>
    [Fact]
    public void EveryFactOfAWindow_IsInTheFile()
    {
        string[] known = ["FromMs", "ToMs", "History", "Terminations", "ReadyEndpoints", "WorkloadOf", "SettingsOf", "HelloOf", "SettingChanges", "Gaps"];
        // A pod that has no address yet delays a live finding by a moment; a stored window has the reports that followed, or waits as if there were one.
        // How a collector's connection ended, and what had no place in the watch list, is in no frame: stored windows name a lost node later, by the
        // control plane's word, and list what is insufficient as what was not looked up.
        string[] liveOnly = [nameof(FindingWindow.AwaitsAddress), nameof(FindingWindow.SilenceOf), nameof(FindingWindow.IsLeftOut)];
        Assert.Equal(known.Concat(liveOnly).Order(), typeof(FindingWindow).GetProperties().Select(member => member.Name).Where(name => name != "EqualityContract").Order());
    }

    [Fact]
    public async Task AnotherVersion_IsRefused()
    {
        byte[] file = await FileAsync();
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(6), IncidentFile.Version + 1);
        Assert.Equal(
            (IncidentFileCodes.Newer, "The incident file has version 2, and this program reads up to 1: use the version of the program that wrote it, or a newer one."),
            Refusal(file));
    }

    [Fact]
    public async Task EachTruncation_IsRefusedAsSuch()
    {
        byte[] file = await FileAsync();
        for (int length = 1; length < file.Length; length += length < 64 ? 1 : 97)
            Assert.Equal((length, IncidentFileCodes.Truncated), (length, Refusal(file[..length]).Code));
        Assert.Equal(IncidentFileCodes.NotAnIncident, Refusal([]).Code);
        Assert.Equal(IncidentFileCodes.Damaged, Refusal([.. file, 0]).Code);
    }

    [Fact]
    public async Task EachChangedByte_IsRefused()
    {
        byte[] file = await FileAsync();
        string[] codes = [IncidentFileCodes.NotAnIncident, IncidentFileCodes.Newer, IncidentFileCodes.Truncated, IncidentFileCodes.Damaged, IncidentFileCodes.TooLarge];
        for (int at = 0; at < file.Length; at += at < 64 ? 1 : 97)
        {
            byte[] changed = [.. file];
            changed[at] ^= 0x21;
            Assert.Contains(Refusal(changed).Code, codes);
        }

        Assert.Equal(IncidentFileCodes.NotAnIncident, Refusal("SQLite format 3\0"u8.ToArray()).Code);
    }

    /// <summary>Whoever makes a file can make its checksum.</summary>
    [Fact]
    public async Task HostileSizes_AreRefused_BeforeTheyTakeMemory()
    {
        byte[] file = await FileAsync();
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(8), uint.MaxValue);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal(IncidentFileCodes.TooLarge, Refusal(Signed(file)).Code);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 << 20);

        // A length that the content does not have.
        byte[] longer = await FileAsync();
        BinaryPrimitives.WriteUInt32LittleEndian(longer.AsSpan(8), BinaryPrimitives.ReadUInt32LittleEndian(longer.AsSpan(8)) + 1);
        Assert.Equal(IncidentFileCodes.Damaged, Refusal(Signed(longer)).Code);

        // Frames without end, sections that end early, and frames of a node that no fact names.
        foreach (byte[] section in (byte[][])[[2, 9, 0, 0, 0, 1, (byte)'n', 255, 255, 255, 255, 15, 0, 0], [1, 255, 255, 255, 255], [1, 0], [2, 3, 0, 0, 0, 1, (byte)'n', 0]])
            Assert.Equal(IncidentFileCodes.Damaged, Refusal(IncidentFile.Pack(section)).Code);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("""{"fromMs":5,"toMs":5,"program":"1"}""")]
    [InlineData("""{"fromMs":0,"toMs":9223372036854775807,"program":"1"}""")]
    [InlineData("""{"fromMs":0,"toMs":1000,"program":null}""")]
    [InlineData("""{"fromMs":0,"toMs":1000,"program":"1","owners":[null]}""")]
    [InlineData("""{"fromMs":0,"toMs":1000,"program":"1","owners":null}""")]
    [InlineData("""{"fromMs":0,"toMs":1000,"program":"1","owners":[{"ip":"10.0.0.","podUid":"a","fullName":"a","node":"n"}]}""")]
    [InlineData("""{"fromMs":0,"toMs":1000,"program":"1","owners":[{"ip":"10.0.0.1","podUid":"a","fullName":"a","node":"n","state":77}]}""")]
    [InlineData("""{"fromMs":0,"toMs":1000,"program":"1","owners":[{"ip":"10.0.0.1","podUid":"a","fullName":"a","node":"n","state":1,"fromMs":9,"toMs":8}]}""")]
    [InlineData("""{"fromMs":0,"toMs":1000,"program":"1","nodes":[{"name":"n"},{"name":"n"}]}""")]
    [InlineData("""{"fromMs":0,"toMs":1000,"program":"1","nodes":[{"name":"n","hello":{"node":"n","version":"","bootId":"","kernel":"","startedAtMs":0,"capabilities":[null],"sysctls":{}}}]}""")]
    [InlineData("""{"fromMs":0,"toMs":1000,"program":"1","gaps":[{"node":"n","kind":200,"fromMs":0,"toMs":1,"text":""}]}""")]
    public void ImpossibleFacts_AreRefused(string json)
    {
        byte[] facts = Encoding.UTF8.GetBytes(json);
        byte[] section = [1, 0, 0, 0, 0, .. facts];
        BinaryPrimitives.WriteUInt32LittleEndian(section.AsSpan(1), (uint)facts.Length);
        Assert.Equal(IncidentFileCodes.Damaged, Refusal(IncidentFile.Pack(section)).Code);
    }

    /// <summary>A later version may add facts and sections without being another form.</summary>
    [Fact]
    public void UnknownMembersAndSections_AreSkipped()
    {
        byte[] facts = """{"fromMs":0,"toMs":1000,"program":"9.9","nodes":[{"name":"n","weight":3}],"tides":[1]}"""u8.ToArray();
        byte[] sections = [1, (byte)facts.Length, 0, 0, 0, .. facts, 77, 2, 0, 0, 0, 9, 9];
        var read = IncidentCodec.Read(IncidentFile.Pack(sections));
        Assert.Equal(("9.9", "n"), (read.Program, Assert.Single(read.Nodes).Name));
        Assert.Contains("no longer stored", Assert.Single(new IncidentReplay(read).Findings(Ct).Insufficient).Missing, StringComparison.Ordinal);
    }

    [Fact]
    public void FrameOfAnotherForm_IsRefused_NotLeftOut()
    {
        var incident = new IncidentWindow(1, 2, "1") { Nodes = [new IncidentNode("n", null, null, [new IncidentFrame(1, "CCF9 and more"u8.ToArray())])] };
        Assert.Equal(IncidentFileCodes.Damaged, Refusal(IncidentCodec.Write(incident)).Code);
    }

    [Fact]
    public async Task Explain_PrintsTheFindings_AndRefusesWithTheCode()
    {
        using var scene = await BrokenAsync();
        string text = Text(await scene.StoredAsync());
        string file = scene.Console.Database.File + ".incident";
        await File.WriteAllBytesAsync(file, IncidentCodec.Write(await scene.IncidentAsync()), Ct);

        var (exit, output, _) = await RunAsync("incident", "explain", file);
        Assert.Equal((0, true), (exit, output.Contains("M1   shop/checkout → 10.1.0.5: ", StringComparison.Ordinal)));
        (exit, output, _) = await RunAsync("incident", "explain", file, "--json");
        using var json = JsonDocument.Parse(output);
        using var stored = JsonDocument.Parse(text);
        Assert.Equal(0, exit);
        Assert.Equal(stored.RootElement.GetProperty("findings").GetArrayLength(), json.RootElement.GetProperty("findings").GetArrayLength());

        await File.WriteAllBytesAsync(file, (await File.ReadAllBytesAsync(file, Ct))[..^1], Ct);
        Assert.Equal((1, "", true), await RunAsync("incident", "explain", file) is var (code, printed, error) ? (code, printed, error.Contains("[incident.truncated]", StringComparison.Ordinal)) : default);
        Assert.Equal(1, (await RunAsync("incident", "explain", file + ".none")).Exit);
        Assert.Equal(2, (await RunAsync("incident", "export", "--url", "http://127.0.0.1:1", "--from", "today", "--to", "2026-11-24T17:00:00Z", "--out", file)).Exit);
        Assert.Equal(2, (await RunAsync("incident", "explain")).Exit);
    }

    /// <summary>A console that cannot start over a file ends as one whose configuration is wrong.</summary>
    [Fact]
    public async Task Open_RefusesWithTheCode_AndWhatCannotBeCombined()
    {
        string file = Path.Combine(RepositoryFiles.Root, "tests", "accuracy", "incidents", "blackhole.json");
        Assert.Equal((2, "", true), await RunAsync("incident", "open", file) is var (code, printed, error) ? (code, printed, error.EndsWith("[incident.not_an_incident]\n", StringComparison.Ordinal)) : default);
        Assert.Equal(2, (await RunAsync("incident", "open", file, "--format", "csv")).Exit);
        Assert.Equal((2, true), await RunAsync("incident", "open", file, "--port", "5090", "--redact") is var (usage, _, text) ? (usage, text.Contains("--port is where the pages listen", StringComparison.Ordinal)) : default);
        Assert.Equal((2, true), await RunAsync("incident", "open", file, "--port", "65536") is var (range, _, limits) ? (range, limits.Contains("0 to 65535", StringComparison.Ordinal)) : default);
        file = Path.ChangeExtension(file, ".incident");
        Assert.Equal((0, true), await RunAsync("incident", "open", file, "--redact") is var (exit, markdown, _) ? (exit, markdown.Contains("Names and addresses are replaced.", StringComparison.Ordinal) && !markdown.Contains("checkout", StringComparison.Ordinal)) : default);
    }

    private static async Task<(int Exit, string Output, string Error)> RunAsync(params string[] args)
    {
        using StringWriter output = new(), error = new();
        return (await ConsoleCommands.RunAsync(args, output, error), output.ToString(), error.ToString());
    }

    private static string Lanes(TimelineView view) => string.Join('\n', view.Services.SelectMany(lane => lane.Backends.Select(backend =>
        $"{lane.Namespace}/{lane.Name} {lane.Vip}:{lane.Port} {backend.BackendIp} {backend.Pod} {backend.Owner} {backend.StateNow} {string.Join(',', backend.Entries)} {string.Join(',', backend.Stale)}")));

    private static (string Code, string Sentence) Refusal(byte[] file)
    {
        var refusal = Assert.Throws<IncidentFileException>(() => IncidentCodec.Read(file));
        Assert.EndsWith(".", refusal.Message, StringComparison.Ordinal);
        return (refusal.Code, refusal.Message);
    }

    private static byte[] Signed(byte[] file)
    {
        byte[] content = [.. file[..HeadLength], .. file[(HeadLength + SHA256.HashSizeInBytes)..]];
        SHA256.HashData(content).CopyTo(file.AsSpan(HeadLength));
        return file;
    }

    private static async Task<byte[]> FileAsync()
    {
        using var scene = await BrokenAsync();
        return IncidentCodec.Write(await scene.IncidentAsync());
    }

    private static async Task<FindingScene> BrokenAsync()
    {
        var scene = await FindingTests.CalmAsync();
        scene.Reset("node1", ResetKind.UnNated, 40_000);
        scene.Reset("node1", ResetKind.UnNated, 40_001);
        scene.Invalid("node1", 4);
        scene.Entries("node1", Group(OtherIp), FlowState.Established, 7);
        scene.Run(5);
        return scene;
    }
}
