using System.Text;
using ConntrackConsole.Collector.Journal;
using ConntrackConsole.Wire;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Journal;

public sealed class JournalTests : IDisposable
{
    private readonly TemporaryDirectory _state = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly StringWriter _log = new();

    private string FilePath => Path.Combine(_state.Path, "journal.jsonl");

    [Fact]
    public void TryBegin_ActionThatBegan_ReturnsFalseInEveryRun()
    {
        Assert.True(Open().TryBegin(Flush("a1")));

        var again = Open();

        Assert.False(again.TryBegin(Flush("a1")));
        Assert.Equal((1, null), (again.Find("a1")!.Number, again.Find("a1")!.End));
        Assert.True(again.TryBegin(Flush("a2")));
        Assert.Equal(2, again.Find("a2")!.Number);
        Assert.Empty(_log.ToString());
    }

    [Fact]
    public void End_IsFoundInEveryLaterRun()
    {
        var journal = Open();
        journal.TryBegin(Flush("a1"));
        var result = new FlushResult("a1", "node1", 3, 1, 1, 0, 1, 2, null, ["x"], 5, "DGF");
        journal.End("a1", flush: result);

        var read = Open().Find("a1")!.End!.Flush!;

        Assert.Equal(result with { Errors = read.Errors }, read);
        Assert.Equal(["x"], read.Errors);
        Assert.Equal(journal.Id, Open().Id);
    }

    [Fact]
    public void Open_TruncatedLastLine_IsRemoved()
    {
        Open().TryBegin(Flush("a1"));
        File.AppendAllText(FilePath, """{"phase":"begin","number":2,"actionId":"torn","or""");

        var journal = Open();

        Assert.Contains("truncated its last line", Assert.Single(_log.ToString().Trim().Split('\n')), StringComparison.Ordinal);
        Assert.Null(journal.Find("torn"));
        Assert.True(journal.TryBegin(Flush("a2")));
        Assert.Equal(2, Open().Find("a2")!.Number);
        Assert.Single(Directory.GetFiles(_state.Path, "*.jsonl"));
    }

    [Theory]
    [InlineData("not json at all")]
    [InlineData("""{"phase":"begin","at":"2026-01-01T00:00:00Z","actionId":"x"}""")]
    [InlineData("""{"phase":"other","at":"2026-01-01T00:00:00Z"}""")]
    [InlineData("""{"at":"2026-01-01T00:00:00Z","phase":"begin","actionId":"a1","podIp":"10.244.0.1","listed":2}""")]
    [InlineData("""{"phase":"journal","at":"2026-01-01T00:00:00Z","journalId":"other","generation":0}""")]
    [InlineData("\0\0\0\0")]
    public void Open_InvalidLine_KeepsACopyAndTheOtherLines(string line)
    {
        var journal = Open();
        journal.TryBegin(Flush("a1"));
        File.AppendAllText(FilePath, line + "\n");
        byte[] before = File.ReadAllBytes(FilePath);

        var again = Open();

        Assert.Contains("1 of its lines cannot be read", Assert.Single(_log.ToString().Trim().Split('\n')), StringComparison.Ordinal);
        string aside = Assert.Single(Directory.GetFiles(_state.Path, "journal.unreadable-*.jsonl"));
        Assert.Contains(aside, _log.ToString(), StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(aside));
        Assert.Equal(journal.Id, again.Id);
        Assert.False(again.TryBegin(Flush("a1")));
        Assert.True(again.TryBegin(Flush("a2")));
        _log.GetStringBuilder().Clear();
        Open();
        Assert.Empty(_log.ToString());
    }

    [Fact]
    public void CatchUp_InvalidLineOfAnotherProcess_IsSkipped()
    {
        var journal = Open();
        journal.TryBegin(Flush("a1"));
        File.AppendAllText(FilePath, "nonsense\n");

        Assert.True(journal.TryBegin(Flush("a2")));

        Assert.Equal([1L, 2L], Open().Where(_ => true).Select(act => act.Number));
    }

    [Fact]
    public void TryBegin_MissingFile_Throws()
    {
        var journal = Open();
        File.Delete(FilePath);

        Assert.ThrowsAny<IOException>(() => journal.TryBegin(Flush("a1")));
    }

    [Fact]
    public void TryFence_UnknownAction_IsFencedInEveryRun()
    {
        var journal = Open();
        journal.TryBegin(Flush("begun"));

        Assert.True(journal.TryFence("a1"));
        Assert.True(journal.TryFence("a1"));
        Assert.False(journal.TryFence("begun"));
        Assert.False(Open().TryBegin(Flush("a1")));
        Assert.True(Open(maxBytes: 1).IsFenced("a1")); // compacts the file
        Assert.False(journal.TryBegin(Flush("a1")));
    }

    [Fact]
    public void CatchUp_JournalThatGrewTooLarge_IsCompacted()
    {
        var journal = Open(maxBytes: 100);
        journal.TryBegin(Flush("a1"));
        for (int number = 0; number < 50; number++)
        {
            journal.TryFence("asked");
            File.AppendAllText(FilePath, File.ReadAllLines(FilePath)[^1] + "\n"); // a duplicate, as another process may write
        }

        long before = new FileInfo(FilePath).Length;
        journal.CatchUp();

        Assert.InRange(new FileInfo(FilePath).Length, 1, before / 4);
        Assert.False(journal.TryBegin(Flush("a1")));
        Assert.True(Open().IsFenced("asked"));
    }

    [Fact]
    public void Compaction_KeepsIdNumbersOpenChangesAndUnreportedActions()
    {
        var journal = Open();
        journal.TryBegin(Setting("change"));
        journal.End("change", setting: Written("change"));
        journal.TryBegin(Flush("cli") with { Origin = JournalOrigin.CommandLine });
        journal.End("cli", flush: Result("cli"), deleted: [Entry]);
        journal.TryBegin(Flush("begun"));
        journal.MarkReported(1);

        var again = Open(maxBytes: 1);

        Assert.Equal(journal.Id, again.Id);
        Assert.Equal(["change", "cli", "begun"], again.Where(_ => true).Select(act => act.ActionId));
        Assert.Equal("change", Assert.Single(again.Where(act => act.IsOpenChange)).ActionId);
        var report = again.NextReport()!;
        Assert.Equal(("cli", 2L), (report.Entries[0].ActionId, Assert.Single(report.Entries).Number));
        Assert.NotNull(report.Entries[0].Details);
        // A process that had it open reads the new file.
        Assert.True(journal.TryBegin(Flush("later")));
        Assert.Equal(4, Open().Find("later")!.Number);
    }

    [Fact]
    public void State_ManyActions_KeepsTheNewestAndOpenOnes()
    {
        var memory = new JournalState();
        var setting = Setting("open") with { Phase = JournalPhase.Begin, Number = 1, At = _time.GetUtcNow() };
        memory.Apply(setting);
        memory.Apply(new JournalLine { Phase = JournalPhase.End, At = _time.GetUtcNow(), ActionId = "open", Setting = Written("open") });
        for (int number = 2; number <= 15_000; number++)
        {
            string id = "a" + number;
            Assert.True(memory.Apply(Flush(id) with { Number = number }));
            Assert.True(memory.Apply(new JournalLine { Phase = JournalPhase.End, At = _time.GetUtcNow(), ActionId = id, Flush = Result(id) }));
            memory.Apply(new JournalLine { Phase = JournalPhase.Reported, At = _time.GetUtcNow(), Number = number });
        }

        Assert.InRange(memory.Actions.Count, JournalState.MaxActions, JournalState.MaxActions * 11 / 10);
        Assert.True(memory.Find("open")!.IsOpenChange);
        Assert.NotNull(memory.Find("a5001"));
        Assert.Null(memory.Find("a2"));
    }

    [Fact]
    public void State_NodeWithoutConsole_IsBounded()
    {
        var memory = new JournalState();
        for (int number = 1; number <= 30_000; number++)
        {
            string id = "a" + number;
            memory.Apply(Flush(id) with { Number = number, Origin = JournalOrigin.CommandLine });
            memory.Apply(new JournalLine { Phase = JournalPhase.End, At = _time.GetUtcNow().AddTicks(number), ActionId = id, Flush = Result(id), Deleted = [.. Enumerable.Repeat(Entry, 3)] });
        }

        Assert.InRange(memory.Actions.Count, 2 * JournalState.MaxActions, (2 * JournalState.MaxActions) + (JournalState.MaxActions / 10));
        var lines = memory.Lines("j", _time.GetUtcNow()).ToList();
        Assert.Equal(50_000 / 3, lines.Count(line => line.Deleted is not null));
        Assert.NotNull(lines[^1].Deleted);
    }

    [Fact]
    public void Journal_ConcurrentProcesses_WritesCompleteLinesAndUniqueNumbers()
    {
        using var scratch = new ScratchNamespace();
        ConntrackProgram.Load(scratch.Inside, Enumerable.Range(1, 8).Select(pod =>
            $"-A -p tcp -s 10.1.0.1 -d 10.96.0.1 --sport {1000 + pod} --dport 80 -r 10.244.0.{pod} -q 10.1.0.1 --reply-port-src 8080 --reply-port-dst {1000 + pod} --state SYN_SENT --timeout 100"));
        var journal = Open();
        string[] FlushOf(int pod) => ["flush", "--pod-ip", $"10.244.0.{pod}", "--yes", "--state", _state.Path];
        var processes = Enumerable.Range(1, 8).Select(pod => (Pod: pod, Process: CollectorProgram.Start(scratch.Inside, FlushOf(pod)))).ToList();
        const int own = 400;
        for (int number = 1; number <= own; number++)
        {
            string id = "own" + number;
            Assert.True(journal.TryBegin(Setting(id)));
            journal.End(id, setting: Written(id));
        }

        foreach (var (pod, process) in processes)
        {
            using var ending = process;
            process.WaitForExit();
            int exitCode = process.ExitCode;
            // Refused if the lock timed out, as on a loaded machine: run it again.
            Eventually.True(() => exitCode != 3 || (exitCode = CollectorProgram.Run(scratch.Inside, FlushOf(pod)).ExitCode) == 0);
            Assert.Equal(0, exitCode);
        }

        var acts = Open().Where(_ => true);

        Assert.Empty(_log.ToString());
        Assert.Equal(own + 8, acts.Count);
        Assert.Equal(Enumerable.Range(1, own + 8).Select(number => (long)number), acts.Select(act => act.Number));
        Assert.All(acts, act => Assert.NotNull(act.End));
        Assert.All(File.ReadAllLines(FilePath), line => Assert.True(JournalLine.TryParse(Encoding.UTF8.GetBytes(line), out _), line));
    }

    [Fact]
    public void NextReport_CommandLineAndTimerActions_InOrderUntilReported()
    {
        var journal = Open();
        journal.TryBegin(Flush("cli") with { Origin = JournalOrigin.CommandLine, Reason = "INC-1" });
        Assert.Null(journal.NextReport()); // not ended
        journal.TryBegin(Setting("timer") with { Origin = JournalOrigin.Timer });
        journal.End("timer", setting: Written("timer"));
        Assert.Null(journal.NextReport()); // the older one first
        journal.End("cli", flush: Result("cli"), deleted: [Entry]);

        var report = journal.NextReport()!;

        Assert.Equal(journal.Id, report.JournalId);
        Assert.Equal([(1L, "flush"), (2L, "setting")], report.Entries.Select(entry => (entry.Number, entry.Kind)));
        Assert.Equal(("10.244.0.1", "1", "1 deleted, 0 already gone, 0 alive and kept, 0 failed", false),
            (report.Entries[0].Target, report.Entries[0].Before, report.Entries[0].After, report.Entries[0].Failed));
        Assert.Contains("\"replySrc\":\"10.244.0.1\"", report.Entries[0].Details, StringComparison.Ordinal);
        journal.MarkReported(1);
        Assert.Equal(2, Assert.Single(Open().NextReport()!.Entries).Number);
        journal.MarkReported(2);
        Assert.Null(Open().NextReport());
    }

    [Fact]
    public void NextReport_CommandOfTheConsole_WaitsForItsResultToArrive()
    {
        var journal = Open();
        foreach (string id in (string[])["answered", "lost"])
        {
            journal.TryBegin(Flush(id));
            journal.End(id, flush: Result(id));
        }

        Assert.Null(journal.NextReport());
        journal.MarkAnswered("answered");
        _time.Advance(JournalReports.AnswerTimeout);

        Assert.Equal("lost", Assert.Single(journal.NextReport()!.Entries).ActionId);
        Assert.Equal("lost", Assert.Single(Open().NextReport()!.Entries).ActionId); // a later run knows which results were received
    }

    [Fact]
    public void NextReport_ManyActions_AreReportedInBatches()
    {
        var journal = Open();
        for (int act = 0; act < 60; act++)
        {
            journal.TryBegin(Flush("a" + act) with { Origin = JournalOrigin.CommandLine });
            journal.End("a" + act, flush: Result("a" + act), deleted: [.. Enumerable.Repeat(Entry, act == 0 ? 5000 : 1)]);
        }

        var report = journal.NextReport()!;

        Assert.Contains("of 5000 deleted entries are listed here", report.Entries[0].Result, StringComparison.Ordinal);
        int most = System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(report, WireJson.Default.JournalReport).Length;
        Assert.InRange(most, 200_000, 1_500_000);
        journal.MarkReported(report.Entries[^1].Number);
        Assert.Equal(50, journal.NextReport()!.Entries.Count);
    }

    [Fact]
    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    public void File_IsReadableByItsOwnerOnly()
    {
        Open();

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(FilePath));
    }

    public void Dispose()
    {
        _state.Dispose();
        _log.Dispose();
    }

    private static readonly FlowEntry Entry = new(
        "tcp", "ESTABLISHED", "10.1.0.1", 1000, "10.96.0.1", 80, "10.244.0.1", 8080, "10.1.0.1", 1000, 0, 7, 300, 14, null);

    private ActionJournal Open(long maxBytes = long.MaxValue) => new(_state.Path, _time, _log, maxBytes);

    private JournalLine Flush(string id) => new()
    {
        Phase = JournalPhase.Begin, At = _time.GetUtcNow(), ActionId = id, Origin = JournalOrigin.Console, Kind = JournalKind.Flush,
        Target = "10.244.0.1", Who = "ada", Reason = "test", Before = "1",
    };

    private JournalLine Setting(string id) => Flush(id) with
    {
        Kind = JournalKind.Setting, Target = SettingCatalog.BeLiberal, Before = "0", Wanted = "1", RevertAtMs = 1, BootId = "boot",
    };

    private static FlushResult Result(string id) => new(id, "node1", 1, 1, 0, 0, 0, 0, null, [], 5, "D");

    private static SettingResult Written(string id) => new(id, "node1", SettingCatalog.BeLiberal, SettingOutcome.Written, "0", "1", 1, null);
}
