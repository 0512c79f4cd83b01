using System.Diagnostics;
using ConntrackConsole.Collector.Commands.Flush;
using ConntrackConsole.Collector.Commands.Settings;
using ConntrackConsole.Collector.Journal;
using ConntrackConsole.Kernel.Nftables;
using ConntrackConsole.Kernel.Proc;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Journal;

/// <summary>kill -9 between the begin and the end of an action, and the recovery in the next run.</summary>
public sealed class KilledTests : IDisposable
{
    private const string Pod = "10.244.0.1";
    private const string Key = "nf_conntrack_acct";

    private readonly ScratchNamespace _scratch = new();
    private readonly TemporaryDirectory _state = new();
    private readonly List<Process> _daemons = [];

    [Fact]
    public void Flush_KilledWhileRunning_IsUnsureAndNeverRunsAgain()
    {
        const int entries = 4000;
        ConntrackProgram.Load(_scratch.Inside, Enumerable.Range(0, entries).Select(n =>
            $"-A -p tcp -s 10.2.{n / 250}.{(n % 250) + 1} -d 10.96.0.1 --sport 1000 --dport 80 -r {Pod} -q 10.2.{n / 250}.{(n % 250) + 1} --reply-port-src 8080 --reply-port-dst 1000 --state ESTABLISHED --timeout 250 -u SEEN_REPLY,ASSURED"));
        using (var process = CollectorProgram.Start(
            _scratch.Inside, "flush", "--pod-ip", Pod, "--preset", "dead-backend", "--yes", "--break-glass", "--reason", "test", "--state", _state.Path))
        {
            _scratch.Inside.Run(() =>
            {
                using var table = Kernel.Conntrack.ConntrackTable.Open();
                while (table.Stats().Entries > entries - 256 && !process.HasExited)
                    Thread.Yield();
            });
            process.Kill();
            process.WaitForExit();
        }

        int left = ConntrackProgram.List(_scratch.Inside).Count;
        Assert.InRange(left, 1, entries - 1);
        var journal = new ActionJournal(_state.Path);
        var act = Assert.Single(journal.Where(_ => true));
        Assert.Null(act.End);
        var handler = new FlushHandler("node1", TimeProvider.System, journal, new Sysctl());
        _scratch.Inside.Run(handler.Tick);

        var result = _scratch.Inside.Run(() => handler.Flush(
            new FlushNodeCommand(new NodeCommand(act.ActionId, "ada", null, "again", true, long.MaxValue), "p", "d", new OwnershipStatement(Pod, OwnerState.Gone, null, 0)),
            TestContext.Current.CancellationToken));

        Assert.Equal((true, entries, left, null), (result.Unsure, result.Listed, result.Remaining, result.Refusal));
        Assert.Equal(left, ConntrackProgram.List(_scratch.Inside).Count);
        var entry = Assert.Single(journal.NextReport()!.Entries);
        Assert.Equal((act.ActionId, null, true), (entry.ActionId, entry.After, entry.Failed));
        Assert.Contains("interrupted", entry.Result, StringComparison.Ordinal);
    }

    [Fact]
    public void Setting_KilledAtAnyMoment_IsNeverWrittenWithoutAJournalThatRevertsIt()
    {
        var clock = Stopwatch.StartNew();
        Assert.Equal(0, CollectorProgram.Run(_scratch.Inside, Set(99)).ExitCode);
        Assert.Equal(0, CollectorProgram.Run(_scratch.Inside, "sysctl", "revert", Key, "--yes", "--reason", "x", "--state", _state.Path).ExitCode);
        double usual = clock.Elapsed.TotalMilliseconds / 2;
        int written = 0, cutOff = 0;
        for (int round = 0; round < 24; round++)
        {
            using (var process = CollectorProgram.Start(_scratch.Inside, Set(round)))
            {
                // The journal and the setting are written in the last part of its lifetime.
                process.WaitForExit(TimeSpan.FromMilliseconds(usual * (0.5 + (round * 0.5 / 24))));
                process.Kill();
                process.WaitForExit();
            }

            var journal = new ActionJournal(_state.Path);
            var act = journal.Where(act => act.Begin.Reason == "round" + round).SingleOrDefault();
            bool isWritten = Read() == "1";
            written += isWritten ? 1 : 0;
            cutOff += act is { End: null } ? 1 : 0;
            Assert.True(!isWritten || act is not null, "written before the journal");
            var handler = new SettingHandler("node1", TimeProvider.System, journal, new SettingValues(new Sysctl()), RunningKernel.Read().BootId, () => null);
            _scratch.Inside.Run(handler.Tick);
            if (act is null)
                continue;

            // The same command again writes nothing and returns the current value.
            var result = _scratch.Inside.Run(() => handler.Apply(new SettingNodeCommand(
                new NodeCommand(act.ActionId, "ada", null, "again", false, long.MaxValue), SettingCatalog.Find(Key)!.Key, "0", "1", 60_000),
                stop: TestContext.Current.CancellationToken));
            Assert.Equal(isWritten ? "1" : "0", result.Now);
            Assert.Equal(isWritten ? "1" : "0", Read());
            Assert.Equal(isWritten, handler.IsOpen(SettingCatalog.Find(Key)!.Key));
            if (isWritten)
            {
                var order = new RevertNodeCommand(new NodeCommand("r" + round, "ada", null, "over", false, long.MaxValue), act.ActionId);
                Assert.Equal(SettingOutcome.Reverted, _scratch.Inside.Run(() => handler.Revert(order, stop: TestContext.Current.CancellationToken)).Outcome);
            }

            Assert.Equal("0", Read());
        }

        TestContext.Current.SendDiagnosticMessage($"killed 24 times: {written} times after the write, {cutOff} times between begin and end");
    }

    [Fact]
    public async Task Daemon_RestartedAfterAKill_RevertsEarlierCommandLineChanges()
    {
        var first = Daemon();
        await Eventually.TrueAsync(() => DaemonPresence.IsRunning(_state.Path));
        var (code, _, words) = CollectorProgram.Run(_scratch.Inside, [.. Set(1), "--revert-after", "3s"]);
        first.Kill();
        await first.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal((0, "1"), (code, Read()));
        Assert.Contains("It is reverted at", words, StringComparison.Ordinal);

        Daemon();
        await Eventually.TrueAsync(() => Read() == "0");
        await Eventually.TrueAsync(() => new ActionJournal(_state.Path).Where(act => act.Begin.Origin == JournalOrigin.Timer && act.End is not null).Count == 1);

        Assert.Equal(SettingOutcome.Reverted, Assert.Single(new ActionJournal(_state.Path).Where(act => act.Begin.Origin == JournalOrigin.Timer)).End!.Setting!.Outcome);
    }

    public void Dispose()
    {
        foreach (var daemon in _daemons)
        {
            daemon.Kill();
            daemon.WaitForExit();
            daemon.Dispose();
        }

        _scratch.Dispose();
        _state.Dispose();
    }

    [Fact]
    public async Task Daemon_StartedAfterAFilterExpired_RemovesItsTable()
    {
        Assert.Equal(0, CollectorProgram.Run(
            _scratch.Inside, "sysctl", "set", "nftables.drop_invalid", "forward", "--yes", "--reason", "test", "--revert-after", "1s", "--state", _state.Path).ExitCode);
        await Eventually.TrueAsync(() => _scratch.Inside.Run(() => ArmedFilter.TryRead(out var filter) && !filter.IsArmed));

        Daemon();

        await Eventually.TrueAsync(() => !_scratch.Inside.Run(() => ArmedFilter.TryRead(out _)));
    }

    private Process Daemon()
    {
        _daemons.Add(CollectorProgram.Start(
            _scratch.Inside, "run", "--console=http://127.0.0.1:1", "--node=node1", $"--state={_state.Path}", "--resets=packet"));
        return _daemons[^1];
    }

    private string[] Set(int round) => ["sysctl", "set", Key, "1", "--yes", "--reason", "round" + round, "--state", _state.Path];

    private string Read() => _scratch.Inside.Run(() => File.ReadAllText("/proc/sys/net/netfilter/" + Key)).Trim();
}
