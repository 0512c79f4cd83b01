using ConntrackConsole.Collector.Commands;
using ConntrackConsole.Collector.Commands.Flush;
using ConntrackConsole.Collector.Commands.Settings;
using ConntrackConsole.Collector.Journal;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Commands;

public sealed class SettingRevertTests : IDisposable
{
    private const string Acct = SettingFixture.Acct;

    private readonly SettingFixture _fixture = new();

    [Fact]
    public void Change_WhenItExpires_IsReverted()
    {
        _fixture.Apply(Acct, "0", "1");
        _fixture.Pass(TimeSpan.FromSeconds(59));
        Assert.Equal("1", _fixture[Acct]);

        _fixture.Pass(TimeSpan.FromSeconds(1));

        Assert.Equal("0", _fixture[Acct]);
        var revert = Revert();
        Assert.Equal((JournalOrigin.Timer, "a1", SettingOutcome.Reverted), (revert.Begin.Origin, revert.Begin.ChangeId, revert.End!.Setting!.Outcome));
        Assert.False(_fixture.Handler.IsOpen(Acct));
        _fixture.Pass(TimeSpan.FromMinutes(1));
        Assert.Single(_fixture.Journal.Where(act => act.Begin.Kind == JournalKind.Revert));
    }

    [Fact]
    public void Change_AfterARestart_IsRevertedWhenItExpires()
    {
        _fixture.Apply(Acct, "0", "1");
        _fixture.Start();
        _fixture.Pass(TimeSpan.FromSeconds(59));
        Assert.Equal("1", _fixture[Acct]);

        _fixture.Pass(TimeSpan.FromHours(1));

        Assert.Equal("0", _fixture[Acct]);
    }

    [Fact]
    public void Change_AfterAReboot_IsVoid()
    {
        _fixture.Apply(Acct, "0", "1");
        _fixture.Start(bootId: "boot-2");
        _fixture.Handler.Tick();

        Assert.Equal("1", _fixture[Acct]); // set to 1 by sysctl.d: not changed by us
        Assert.Equal(SettingOutcome.Void, Revert().End!.Setting!.Outcome);
        Assert.False(_fixture.Handler.IsOpen(Acct));
        Assert.Contains("booted since", _fixture.Log.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Change_OverwrittenByAnother_IsDrifted()
    {
        _fixture.Apply(SettingCatalog.Max, "4096", "8192");
        _fixture[SettingCatalog.Max] = "10000";
        _fixture.Pass(TimeSpan.FromMinutes(1));

        Assert.Equal("10000", _fixture[SettingCatalog.Max]);
        var result = Revert().End!.Setting!;
        Assert.Equal((SettingOutcome.Drifted, "10000"), (result.Outcome, result.Now));
        Assert.False(_fixture.Handler.IsOpen(SettingCatalog.Max));
    }

    [Fact]
    public void Change_RevertedByAnother_IsReverted()
    {
        _fixture.Apply(Acct, "0", "1");
        _fixture[Acct] = "0";

        var result = _fixture.Revert("a1");

        Assert.Equal(SettingOutcome.Reverted, result.Outcome);
        Assert.Contains("was already restored", result.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void BeLiberal_KubeProxyStartedAfterTheChange_IsWithheldUntilBreakGlass()
    {
        _fixture.Apply(SettingCatalog.BeLiberal, "0", "1");
        _fixture.ProxyStarted(_fixture.Time.GetUtcNow().AddSeconds(10));
        _fixture.Pass(TimeSpan.FromMinutes(1));
        _fixture.Pass(TimeSpan.FromMinutes(1));

        Assert.Equal("1", _fixture[SettingCatalog.BeLiberal]);
        Assert.Equal(SettingOutcome.Withheld, Revert().End!.Setting!.Outcome); // once, not every second
        Assert.Contains("clients would be unprotected", _fixture.Log.ToString(), StringComparison.Ordinal);
        _fixture.Start();
        _fixture.Pass(TimeSpan.FromMinutes(1));
        Assert.Equal(SettingOutcome.Withheld, Revert().End!.Setting!.Outcome);

        Assert.Equal(SettingOutcome.Withheld, _fixture.Revert("a1", "r1").Outcome);
        var broken = _fixture.Revert("a1", "r2", breakGlass: true);

        Assert.Equal(SettingOutcome.Reverted, broken.Outcome);
        Assert.Contains("Restart kube-proxy", broken.Message, StringComparison.Ordinal);
        Assert.Equal("0", _fixture[SettingCatalog.BeLiberal]);
    }

    [Fact]
    public void BeLiberal_KubeProxyIsOlder_IsRevertedWithoutAMessage()
    {
        _fixture.ProxyStarted(_fixture.Time.GetUtcNow().AddDays(-1));
        _fixture.Apply(SettingCatalog.BeLiberal, "0", "1");

        var result = _fixture.Revert("a1");

        Assert.Equal((SettingOutcome.Reverted, null), (result.Outcome, result.Message));
    }

    [Fact]
    public void BeLiberal_UnknownStartOfKubeProxy_IsRevertedWithAMessage()
    {
        _fixture.Apply(SettingCatalog.BeLiberal, "0", "1");
        _fixture.ProxyIsSilent();
        _fixture.Pass(TimeSpan.FromMinutes(1));

        var result = Revert().End!.Setting!;

        Assert.Equal(SettingOutcome.Reverted, result.Outcome);
        Assert.Contains("The start time of kube-proxy is unknown", result.Message, StringComparison.Ordinal);
        Assert.Contains("KUBE-FORWARD", _fixture.Log.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void BeLiberal_BeforeTheFirstProxyReading_Waits()
    {
        _fixture.Apply(SettingCatalog.BeLiberal, "0", "1");
        _fixture.Pass(TimeSpan.FromMinutes(1)); // as right after the start of the collector

        Assert.Equal(SettingOutcome.Refused, _fixture.Revert("a1").Outcome);
        Assert.Equal("1", _fixture[SettingCatalog.BeLiberal]);
        _fixture.ProxyIsSilent();
        _fixture.Pass(TimeSpan.FromSeconds(1));

        Assert.Equal("0", _fixture[SettingCatalog.BeLiberal]);
    }

    [Theory]
    [InlineData(4095, null)]
    [InlineData(4096, SettingOutcome.Withheld)]
    public void Evaluate_TableThatWouldBeFull_IsWithheld(long entries, SettingOutcome? outcome)
    {
        var change = new OpenChange("a1", SettingCatalog.Max, "4096", "8192", 1, 2);

        Assert.Equal(outcome, RevertGuard.Evaluate(change, isSameBoot: true, "8192", null, entries, breakGlass: false).Outcome);
        Assert.Null(RevertGuard.Evaluate(change, isSameBoot: true, "8192", null, entries, breakGlass: true).Outcome);
    }

    [Fact]
    public void Change_FailedRevert_StaysOpenAndIsRetriedWithBackoff()
    {
        const string anotherReadOnlyNumber = "/proc/sys/kernel/ngroups_max";
        string written = File.ReadAllText(anotherReadOnlyNumber).Trim();
        _fixture[SettingCatalog.Max] = "10240";
        _fixture.Apply(SettingCatalog.Max, "10240", written);
        string path = _fixture.PathOf(SettingCatalog.Max);
        File.Delete(path);
        File.CreateSymbolicLink(path, anotherReadOnlyNumber);

        _fixture.Pass(TimeSpan.FromMinutes(1));
        for (int second = 0; second < 44; second++)
            _fixture.Pass(TimeSpan.FromSeconds(1));

        var attempts = _fixture.Journal.Where(act => act.Begin.Kind == JournalKind.Revert);
        Assert.Equal(2, attempts.Count); // immediately, after 15 s; the next after another 30 s
        Assert.All(attempts, act => Assert.Equal((SettingOutcome.Failed, written), (act.End!.Setting!.Outcome, act.End.Setting.Now)));
        Assert.Contains("could not be reverted", _fixture.Log.ToString(), StringComparison.Ordinal);
        Assert.True(_fixture.Handler.IsOpen(SettingCatalog.Max));
        File.Delete(path);
        _fixture[SettingCatalog.Max] = written;

        _fixture.Pass(TimeSpan.FromSeconds(1));

        Assert.Equal("10240", _fixture[SettingCatalog.Max]);
        Assert.False(_fixture.Handler.IsOpen(SettingCatalog.Max));
    }

    [Fact]
    public void Revert_ChangeThatIsNotOpen_IsRefused()
    {
        _fixture.Apply(Acct, "0", "1");
        var first = _fixture.Revert("a1", "r1");
        _fixture[Acct] = "1";

        Assert.Equal(first, _fixture.Revert("a1", "r1")); // the same command: the same result
        var again = _fixture.Revert("a1", "r2");

        Assert.Equal(SettingOutcome.Refused, again.Outcome);
        Assert.Equal(SettingReasons.NotOpen, again.Code);
        Assert.Equal("1", _fixture[Acct]);
    }

    [Theory]
    [InlineData("0", SettingOutcome.Reverted)]
    [InlineData("1", SettingOutcome.Unsure)]
    public void Revert_Interrupted_IsResolvedByTheCurrentValueAndCompleted(string found, SettingOutcome outcome)
    {
        _fixture.Apply(Acct, "0", "1");
        _fixture.Journal.TryBegin(new JournalLine
        {
            Phase = JournalPhase.Begin, At = _fixture.Time.GetUtcNow(), ActionId = "r1", Origin = JournalOrigin.Console, Kind = JournalKind.Revert, Target = Acct,
            Who = "ada", Reason = "x", Before = "1", Wanted = "0", ChangeId = "a1",
        });
        _fixture[Acct] = found;
        _fixture.Start();

        Assert.Equal(outcome, _fixture.Revert("a1", "r1").Outcome);
        _fixture.Pass(TimeSpan.FromMinutes(1));

        Assert.Equal("0", _fixture[Acct]);
        Assert.False(_fixture.Handler.IsOpen(Acct));
    }

    [Fact]
    public void Change_OfAnotherProcess_IsRevertedByTheDaemon()
    {
        var daemon = (_fixture.Journal, _fixture.Handler);
        _fixture.Start(); // another process that shares the journal
        _fixture.Handler.Apply(_fixture.Order(Acct, "0", "1"), JournalOrigin.CommandLine, TestContext.Current.CancellationToken);
        _fixture.Time.Advance(TimeSpan.FromMinutes(1));

        daemon.Journal.CatchUp();
        daemon.Handler.Tick();

        Assert.Equal("0", _fixture[Acct]);
        Assert.Equal(["setting", "revert"], daemon.Journal.NextReport()!.Entries.Select(entry => entry.Kind));
    }

    [Fact]
    public void Recall_UnknownAction_FencesIt()
    {
        var flushes = new FlushHandler("node1", _fixture.Time, _fixture.Journal, new ConntrackConsole.Kernel.Proc.Sysctl());
        var recall = new RecallHandler("node1", _fixture.Journal, flushes, _fixture.Handler);
        var known = _fixture.Apply(Acct, "0", "1", "known");

        Assert.Equal(new RecallAnswer("a9", "node1", false, null, null), recall.Recall(new RecallRequest("a9")));
        Assert.Equal(SettingOutcome.Refused, _fixture.Apply("net.netfilter.nf_conntrack_timestamp", "1", "0", "a9").Outcome);
        Assert.Equal(new RecallAnswer("known", "node1", true, null, known), recall.Recall(new RecallRequest("known")));
        Assert.All((RecallRequest?[])[null, new(null!), new(new string('x', 100_000))], request => Assert.False(recall.Recall(request).Known));
    }

    private JournaledAction Revert() => Assert.Single(_fixture.Journal.Where(act => act.Begin.Kind == JournalKind.Revert));

    public void Dispose() => _fixture.Dispose();
}
