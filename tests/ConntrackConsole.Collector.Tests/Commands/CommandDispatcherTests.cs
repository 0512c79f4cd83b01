using System.Diagnostics;
using System.Globalization;
using ConntrackConsole.Collector.Journal;
using ConntrackConsole.Kernel.Routes;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Commands;

/// <summary>Commands and reports between the collector's process and a console, as messages on a connection.</summary>
public sealed class CommandDispatcherTests : IAsyncLifetime
{
    private const string Pod = "10.244.0.1";
    private const string Acct = "net.netfilter.nf_conntrack_acct";
    private const string Flow =
        "-A -p tcp -s 10.1.0.1 -d 10.96.0.1 --sport 1000 --dport 80 -r 10.244.0.1 -q 10.1.0.1 --reply-port-src 8080 --reply-port-dst 1000 --state ESTABLISHED --timeout 250 -u SEEN_REPLY,ASSURED";

    private readonly ScratchNamespace _scratch = new();
    private readonly TemporaryDirectory _state = new();
    private readonly List<Process> _collectors = [];
    private ConsoleDouble _console = null!;

    public ValueTask InitializeAsync()
    {
        _scratch.Inside.Run(() =>
        {
            using var routes = RouteSocket.Open();
            routes.SetUp("lo", up: true);
        });
        ConntrackProgram.Load(_scratch.Inside, [Flow, Flow.Replace("10.1.0.1", "10.1.0.2")]);
        _console = new ConsoleDouble(_scratch.Inside, 5081);
        Start();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Flush_OverTheHub_DeletesThePreviewedEntriesAndHasAnOutcome()
    {
        var preview = await _console.AskAsync<PreviewRequest, FlushPreview>(HubMethods.Preview, new PreviewRequest("p1", Pod, Statement));
        Assert.Null(preview.Refusal);
        var order = new FlushNodeCommand(Note("a1"), "p1", preview.Digest, Statement);

        var result = await _console.AskAsync<FlushNodeCommand, FlushResult>(HubMethods.Flush, order);
        var again = await _console.AskAsync<FlushNodeCommand, FlushResult>(HubMethods.Flush, order);
        var outcome = await _console.AskAsync<FlushOutcomeRequest, FlushOutcomeSample>(HubMethods.FlushOutcome, new FlushOutcomeRequest("a1"));
        var recalled = await _console.AskAsync<RecallRequest, RecallAnswer>(HubMethods.Recall, new RecallRequest("a1"));

        Assert.Equal(("DD", 2, null), (result.EntryOutcomes, result.Deleted, result.Refusal));
        Assert.Equal(result with { Errors = again.Errors }, again);
        Assert.Equal(new FlushOutcomeSample("a1", "node1", outcome.AtMs, 0, 0, 2, 0, null), outcome);
        Assert.Equal((true, "DD"), (recalled.Known, recalled.Flush!.EntryOutcomes));
    }

    [Fact]
    public async Task Setting_OverTheHub_IsReadWrittenAndReverted()
    {
        var before = await _console.AskAsync<SettingRequest, SettingReading>(HubMethods.ReadSetting, new SettingRequest("q1", Acct, "1"));
        var written = await _console.AskAsync<SettingNodeCommand, SettingResult>(HubMethods.ApplySetting, new SettingNodeCommand(Note("a1"), Acct, "0", "1", 60_000));
        var during = await _console.AskAsync<SettingRequest, SettingReading>(HubMethods.ReadSetting, new SettingRequest("q2", Acct, "1"));
        var reverted = await _console.AskAsync<RevertNodeCommand, SettingResult>(HubMethods.RevertSetting, new RevertNodeCommand(Note("r1"), "a1"));

        Assert.Equal(("0", null, null), (before.Value, before.Refusal, before.Open));
        Assert.Equal((SettingOutcome.Written, "1"), (written.Outcome, written.Now));
        Assert.Equal(("1", "a1", "0"), (during.Value, during.Open!.ActionId, during.Open.Before));
        Assert.Equal((SettingOutcome.Reverted, "0"), (reverted.Outcome, reverted.Now));
    }

    [Fact]
    public async Task MalformedRequests_OverTheHub_AreErrorsAndTheCollectorContinues()
    {
        foreach (string method in (string[])[HubMethods.Preview, HubMethods.Flush, HubMethods.FlushOutcome, HubMethods.ReadSetting, HubMethods.ApplySetting, HubMethods.RevertSetting])
        {
            foreach (string json in (string[])["null", "{}", "[]", "7", """{"order":null,"key":null,"previewId":null,"actionId":null,"changeId":null,"preset":99,"revertAfterMs":1e99}"""])
            {
                try
                {
                    object answer = method switch
                    {
                        HubMethods.Preview => (await _console.AskRawAsync<FlushPreview>(method, json)).Refusal!,
                        HubMethods.Flush => (await _console.AskRawAsync<FlushResult>(method, json)).Refusal!,
                        HubMethods.FlushOutcome => (await _console.AskRawAsync<FlushOutcomeSample>(method, json)).Refusal!,
                        HubMethods.ReadSetting => (await _console.AskRawAsync<SettingReading>(method, json)).Refusal!,
                        _ => (await _console.AskRawAsync<SettingResult>(method, json)).Message!,
                    };
                    Assert.NotNull(answer);
                }
                catch (InvalidOperationException)
                {
                    // It does not parse as the expected type: SignalR returns an error, and the connection stays open.
                }
            }
        }

        Assert.False((await _console.AskAsync<RecallRequest, RecallAnswer>(HubMethods.Recall, new RecallRequest("a1"))).Known);
        Assert.Equal(2, ConntrackProgram.List(_scratch.Inside).Count);
    }

    [Fact]
    public async Task Journal_CommandLineActions_AreReportedOnceAndRetriedIfNotStored()
    {
        _console.Write = _ => 0;
        Assert.Equal(0, CollectorProgram.Run(_scratch.Inside, "flush", "--pod-ip", Pod, "--preset", "all", "--yes", "--break-glass", "--reason", "INC-1", "--state", _state.Path).ExitCode);

        var first = await ReportAsync();
        _console.Write = report => report.Entries[^1].Number;
        var second = await ReportAsync();
        await Eventually.TrueAsync(() => new ActionJournal(_state.Path).NextReport() is null);

        Assert.Equal((first.JournalId, 1L), (second.JournalId, Assert.Single(second.Entries).Number));
        var entry = second.Entries[0];
        Assert.Equal((JournalOrigin.CommandLine, "flush", Pod, "INC-1", "2"), (entry.Origin, entry.Kind, entry.Target, entry.Reason, entry.Before));
        Assert.Contains("10.1.0.2", entry.Details, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Journal_CommandWithALostResult_IsReportedAfterTheReconnect()
    {
        var order = new SettingNodeCommand(Note("lost"), Acct, "0", "1", 60_000);
        var lost = _console.AskAsync<SettingNodeCommand, SettingResult>(HubMethods.ApplySetting, order);
        await Eventually.TrueAsync(() => new ActionJournal(_state.Path).Find("lost")?.End is not null);
        _console.Cut();

        var report = await ReportAsync();

        Assert.Equal(("lost", JournalOrigin.Console, "1"), (Assert.Single(report.Entries).ActionId, report.Entries[0].Origin, report.Entries[0].After));
        var recalled = await _console.AskAsync<RecallRequest, RecallAnswer>(HubMethods.Recall, new RecallRequest("lost"));
        Assert.Equal(SettingOutcome.Written, recalled.Setting!.Outcome);
        _ = lost;
    }

    [Fact]
    public async Task Flush_CollectorKilledWhileRunning_IsRecalledAsUnsure()
    {
        // On a loaded machine the collector may have ended the flush before the kill arrives: then another one is killed.
        (string id, FlushPreview preview, int left) = ("", null!, 0);
        for (int attempt = 1; left == 0; attempt++)
        {
            Assert.InRange(attempt, 1, 20);
            id = $"a{attempt}";
            ConntrackProgram.Load(_scratch.Inside, Enumerable.Range(0, 4000).Select(n => Flow.Replace("10.1.0.1", $"10.2.{n / 250}.{(n % 250) + 1}")));
            preview = await _console.AskAsync<PreviewRequest, FlushPreview>(HubMethods.Preview, new PreviewRequest($"p{attempt}", Pod, Statement));
            _ = _console.AskAsync<FlushNodeCommand, FlushResult>(HubMethods.Flush, new FlushNodeCommand(Note(id), $"p{attempt}", preview.Digest, Statement));
            _scratch.Inside.Run(() => Eventually.True(() => Count() < preview.Entries.Count, interval: TimeSpan.Zero));
            _collectors[^1].Kill();
            await _collectors[^1].WaitForExitAsync(TestContext.Current.CancellationToken);
            left = _scratch.Inside.Run(Count);
            Assert.InRange(left, 0, preview.Entries.Count - 1);
            Start();
        }

        var recalled = await _console.AskAsync<RecallRequest, RecallAnswer>(HubMethods.Recall, new RecallRequest(id));
        var again = await _console.AskAsync<FlushNodeCommand, FlushResult>(HubMethods.Flush, new FlushNodeCommand(Note(id), "p1", preview.Digest, Statement));

        Assert.Equal((true, true, preview.Entries.Count, left), (recalled.Known, recalled.Flush!.Unsure, recalled.Flush.Listed, recalled.Flush.Remaining));
        Assert.True(again.Unsure);
        Assert.Equal(left, ConntrackProgram.List(_scratch.Inside).Count);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var collector in _collectors)
        {
            if (!collector.HasExited)
                collector.Kill();
            await collector.WaitForExitAsync();
            collector.Dispose();
        }

        await _console.DisposeAsync();
        _scratch.Dispose();
        _state.Dispose();
    }

    private static int Count() => int.Parse(File.ReadAllText("/proc/sys/net/netfilter/nf_conntrack_count"), CultureInfo.InvariantCulture);

    private static OwnershipStatement Statement => new(Pod, OwnerState.Gone, "shop/a", DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());

    private static NodeCommand Note(string id) => new(id, "ada", null, "INC-1", false, DateTimeOffset.UtcNow.AddSeconds(30).ToUnixTimeMilliseconds());

    private void Start()
    {
        var collector = CollectorProgram.Start(_scratch.Inside, "run", "--console=" + _console.Address, "--node=node1", $"--state={_state.Path}", "--resets=packet");
        collector.ErrorDataReceived += (_, line) => TestContext.Current.SendDiagnosticMessage(line.Data ?? "");
        collector.BeginErrorReadLine();
        _collectors.Add(collector);
    }

    private async Task<JournalReport> ReportAsync() => await Task.Run(() =>
        _console.Reports.TryTake(out var report, TimeSpan.FromSeconds(60)) ? report : throw new TimeoutException("no report within 60 s"));
}
