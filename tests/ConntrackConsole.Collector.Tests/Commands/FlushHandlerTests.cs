using ConntrackConsole.Collector.Commands.Flush;
using ConntrackConsole.Collector.Journal;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Proc;
using ConntrackConsole.Wire;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Commands;

public sealed partial class FlushHandlerTests : IDisposable
{
    private const string Pod = "10.244.0.1";
    private const string Flow =
        "-A -p tcp -s 10.1.0.1 -d 10.96.0.1 --sport 1000 --dport 80 -r 10.244.0.1 -q 10.1.0.1 --reply-port-src 8080 --reply-port-dst 1000 --state ESTABLISHED --timeout 250 -u SEEN_REPLY,ASSURED";

    private const string SynSent =
        "-A -p tcp -s 10.1.0.5 -d 10.96.0.1 --sport 1000 --dport 80 -r 10.244.0.1 -q 10.1.0.5 --reply-port-src 8080 --reply-port-dst 1000 --state SYN_SENT --timeout 100";
    private const string Udp =
        "-A -p udp -s 10.1.0.6 -d 10.96.0.1 --sport 1000 --dport 53 -r 10.244.0.1 -q 10.1.0.6 --reply-port-src 53 --reply-port-dst 1000 --timeout 100 -u SEEN_REPLY";

    private readonly ScratchNamespace _scratch = new();
    private readonly TemporaryDirectory _state = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly FlushHandler _handler;

    public FlushHandlerTests()
    {
        ConntrackProgram.Load(_scratch.Inside, [Flow, Flow.Replace("10.1.0.1", "10.1.0.2"), Flow.Replace(Pod, "10.244.0.2").Replace("10.1.0.1", "10.1.0.3")]);
        _handler = new FlushHandler("node1", _time, new ActionJournal(_state.Path), new Sysctl());
    }

    [Fact]
    public void Flush_DeletesExactlyThePreviewedList()
    {
        var preview = Preview();
        ConntrackProgram.Load(_scratch.Inside, [Flow.Replace("10.1.0.1", "10.1.0.9")]); // created after the preview

        var result = Flush(preview);

        Assert.Null(result.Refusal);
        Assert.Equal((2, 2, 0, 0, 1), (result.Listed, result.Deleted, result.AlreadyGone, result.Alive, result.Remaining));
        Assert.Equal(["10.1.0.3", "10.1.0.9"], ConntrackProgram.List(_scratch.Inside).Select(entry => entry.Src).Order());
    }

    [Fact]
    public void Preview_ListsTheEntriesAndTheEffects()
    {
        var preview = Preview();

        Assert.Equal(2, preview.Entries.Count);
        Assert.All(preview.Entries, entry => Assert.Equal(FlushEffect.FailsFast, entry.Effect));
        Assert.True(preview.TcpLoose);
    }

    // Begun while the Service's rules were absent: the sender keeps it, and its datagrams reach no pod.
    [Fact]
    public void Flush_UntranslatedAtAServicesAddress_DeletesExactlyThatPort()
    {
        const string vip = "10.96.0.1";
        const string udp = "-A -p udp -s 10.1.0.6 -d 10.96.0.1 --sport 1000 --dport 53 -r 10.96.0.1 -q 10.1.0.6 --reply-port-src 53 --reply-port-dst 1000 --timeout 100 -u SEEN_REPLY";
        ConntrackProgram.Load(_scratch.Inside, [udp, udp.Replace("--dport 53", "--dport 54").Replace("src 53", "src 54"), Udp.Replace("10.1.0.6", "10.1.0.7")]);
        var statement = Statement(OwnerState.Service, 0, vip);

        FlushPreview Ask(FlushScope? scope) => _scratch.Inside.Run(() => _handler.Preview(
            new PreviewRequest(Guid.NewGuid().ToString(), vip, statement, FlushPreset.DeadBackend, scope)));

        Assert.Equal(FlushReasons.OwnerService, Ask(null).RefusalCode);
        var preview = Ask(new FlushScope("udp", vip, 53));
        Assert.Equal(("10.1.0.6", FlushEffect.Moves), Assert.Single(preview.Entries) is var entry ? (entry.Src, entry.Effect) : default);
        var result = _scratch.Inside.Run(() => _handler.Flush(Order(preview, "action") with { Ownership = statement }));
        Assert.Equal((null, 1, 1), (result.Refusal, result.Listed, result.Deleted));
        Assert.Equal(5, ConntrackProgram.List(_scratch.Inside).Count);
    }

    [Fact]
    public void Preview_ProbesTimeWait_ComesLast()
    {
        string probe = "-A -p tcp -s 10.244.0.254 -d 10.244.0.1 --sport 1000 --dport 8080 -r 10.244.0.1 -q 10.244.0.254 --reply-port-src 8080 --reply-port-dst 1000 --state TIME_WAIT --timeout 100 -u SEEN_REPLY,ASSURED";
        ConntrackProgram.Load(_scratch.Inside, [.. Enumerable.Range(0, 20).Select(i => probe.Replace("10.244.0.254", $"10.244.0.{100 + i}"))]);

        var preview = Preview();

        Assert.Equal(22, preview.Entries.Count);
        Assert.All(preview.Entries.Take(2), entry => Assert.Equal("ESTABLISHED", entry.State));
        Assert.All(preview.Entries.Skip(2), entry => Assert.Equal(FlushEffect.NoEffect, entry.Effect));
    }

    [Fact]
    public void Flush_EntryThatProvedAlive_IsKept()
    {
        var preview = Preview();
        ConntrackProgram.Run(_scratch.Inside, "-U", "-s", "10.1.0.1", "--timeout", "80000"); // like an acknowledged segment

        var result = Flush(preview);

        Assert.Equal((1, 1), (result.Deleted, result.Alive));
        Assert.Contains(ConntrackProgram.List(_scratch.Inside), entry => entry.Src == "10.1.0.1");
    }

    [Fact]
    public void Flush_Twice_RunsOnce()
    {
        var preview = Preview();
        var first = Flush(preview, "action-1");
        ConntrackProgram.Load(_scratch.Inside, [Flow]);

        Assert.Equal(first, Flush(preview, "action-1"));
        Assert.Equal(FlushReasons.PreviewGone, Flush(preview, "action-2").Code); // the preview is consumed
        Assert.Equal(2, ConntrackProgram.List(_scratch.Inside).Count);
    }

    [Fact]
    public void Flush_WrongDigest_UnknownPreview_Expired_OldOrOtherStatement_DeletesNothing()
    {
        var preview = Preview();

        Assert.Equal(FlushReasons.DigestMismatch, Flush(preview with { Digest = "00" }).Code);
        Assert.Equal(FlushReasons.PreviewGone, Flush(preview with { PreviewId = "other" }).Code);
        Assert.Equal(FlushReasons.OwnerLive, Flush(preview, owner: OwnerState.Live).Code);
        Assert.Equal(FlushReasons.ClusterStale, Flush(preview, ageMs: 11_000).Code);
        Assert.Equal(FlushReasons.StatementMismatch, Flush(preview, about: "10.244.0.2").Code);
        _time.Advance(TimeSpan.FromSeconds(61));
        Assert.NotNull(Flush(preview).Refusal);

        Assert.Equal(3, ConntrackProgram.List(_scratch.Inside).Count);
    }

    // A pod of another workload has the address: only entries of the former Service are deleted, never those of its own.
    [Fact]
    public void Flush_LiveOwnerThatIsNoBackendOfTheScope_DeletesOnlyTheScope()
    {
        ConntrackProgram.Load(_scratch.Inside, [Flow.Replace("10.96.0.1", "10.96.0.2").Replace("10.1.0.1", "10.1.0.8")]); // of the pod's own Service
        var statement = Statement(OwnerState.Live, 0, Pod) with { NotBackend = true };
        var preview = _scratch.Inside.Run(() => _handler.Preview(new PreviewRequest("p", Pod, statement, FlushPreset.DeadBackend, new FlushScope("tcp", "10.96.0.1", 80))));
        Assert.Equal(["10.1.0.1", "10.1.0.2"], preview.Entries.Select(entry => entry.Src).Order());

        Assert.Equal(FlushReasons.OwnerLive, Flush(preview, "a1", OwnerState.Live).Code);
        var result = _scratch.Inside.Run(() => _handler.Flush(Order(preview, "a2") with { Ownership = statement }));

        Assert.Equal((2, 0), (result.Deleted, result.Remaining)); // that of its own Service was never to be deleted
        Assert.Equal((0, 0, 2, 0), Outcome("a2"));
        Assert.Equal(["10.1.0.3", "10.1.0.8"], ConntrackProgram.List(_scratch.Inside).Select(entry => entry.Src).Order());
        Assert.Equal(FlushReasons.OwnerLive, _scratch.Inside.Run(() => _handler.Preview(new PreviewRequest("q", Pod, statement))).RefusalCode);
    }

    [Fact]
    public void Preview_LiveOwner_IsRefused()
    {
        var preview = _scratch.Inside.Run(() => _handler.Preview(new PreviewRequest("p", Pod, Statement(OwnerState.Live, 0, Pod))));

        Assert.NotNull(preview.Refusal);
        Assert.Empty(preview.Entries);
    }

    [Fact]
    public void Flush_WritesBeginAndEndToTheJournal()
    {
        Flush(Preview(), "action-7");

        string[] lines = File.ReadAllLines(Path.Combine(_state.Path, "journal.jsonl"));
        Assert.Equal(3, lines.Length);
        Assert.Contains("\"phase\":\"journal\"", lines[0], StringComparison.Ordinal);
        Assert.All(lines[1..], line => Assert.Contains("action-7", line, StringComparison.Ordinal));
        Assert.Contains("\"begin\"", lines[1], StringComparison.Ordinal);
        Assert.Contains("\"deleted\":2", lines[2], StringComparison.Ordinal);
    }

    [Fact]
    public void Flush_ReturnsTheOutcomeOfEachEntryInPreviewOrder()
    {
        ConntrackProgram.Load(_scratch.Inside, [Flow.Replace("10.1.0.1", "10.1.0.7"), Flow.Replace("10.1.0.1", "10.1.0.8")]);
        var preview = Preview();
        ConntrackProgram.Run(_scratch.Inside, "-D", "-s", "10.1.0.7");
        ConntrackProgram.Run(_scratch.Inside, "-U", "-s", "10.1.0.8", "--timeout", "80000");

        var result = Flush(preview);

        string expected = string.Concat(preview.Entries.Select(entry => entry.Src switch { "10.1.0.7" => 'G', "10.1.0.8" => 'A', _ => 'D' }));
        Assert.Equal((expected, 4), (result.EntryOutcomes, preview.Entries.Count));
        Assert.Equal((2, 1, 1, 1), (result.Deleted, result.AlreadyGone, result.Alive, result.Remaining));
    }

    [Fact]
    public void Preview_PresetAndScope_CountExcludedEntriesAndLimitTheFlush()
    {
        ConntrackProgram.Load(_scratch.Inside, [SynSent, Udp]);

        var safe = Preview(FlushPreset.Safe, owner: OwnerState.Terminating);
        var scoped = Preview(FlushPreset.All, new FlushScope("udp", "10.96.0.1", 53));

        Assert.Equal(("10.1.0.5", 3), (Assert.Single(safe.Entries).Src, safe.LeftOut));
        Assert.Equal(("10.1.0.6", 3), (Assert.Single(scoped.Entries).Src, scoped.LeftOut));
        Assert.Equal("D", Flush(safe, "a1", OwnerState.Terminating).EntryOutcomes);
        Assert.Equal("D", Flush(scoped, "a2").EntryOutcomes);
        Assert.Equal(["10.1.0.1", "10.1.0.2", "10.1.0.3"], ConntrackProgram.List(_scratch.Inside).Select(entry => entry.Src).Order());
    }

    [Fact]
    public void Flush_Safe_KeepsEntriesAnsweredSinceThePreview()
    {
        ConntrackProgram.Load(_scratch.Inside, [Udp]);
        var preview = Preview(FlushPreset.Safe, new FlushScope("udp", null, null));

        // Previewed while the pod was gone; it is only terminating now, so the entry of an answered datagram is not safe any more.
        var result = Flush(preview, owner: OwnerState.Terminating);

        Assert.Equal(("A", 1), (result.EntryOutcomes, result.Remaining)); // those of TCP are outside the scope
    }

    [Fact]
    public void Flush_All_DeletesLiveEntriesOfATerminatingPodOnlyWithBreakGlass()
    {
        var preview = Preview(FlushPreset.All, owner: OwnerState.Terminating);
        ConntrackProgram.Run(_scratch.Inside, "-U", "-s", "10.1.0.1", "--timeout", "80000");

        var refused = Flush(preview, owner: OwnerState.Terminating);
        var result = Flush(preview, "action-2", OwnerState.Terminating, note: note => note with { BreakGlass = true });

        Assert.Equal(FlushReasons.PresetNeedsBreakGlass, refused.Code);
        Assert.Equal((2, 0), (result.Deleted, result.Alive));
    }

    [Fact]
    public void Flush_OldPreview_NeedsApprovalAndExpiresAfter15Minutes()
    {
        var (one, other) = (Preview(), Preview());
        _time.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal(FlushReasons.PreviewExpired, Flush(one, "a1").Code);
        Assert.Equal(NodeReasons.OwnApproval, Flush(one, "a1", note: note => note with { ApprovedBy = "ada" }).Code);

        Assert.Equal(2, Flush(one, "a1", note: note => note with { ApprovedBy = "grace" }).Deleted);
        _time.Advance(TimeSpan.FromMinutes(14));

        Assert.Equal(FlushReasons.PreviewGone, Flush(other, "a2", note: note => note with { ApprovedBy = "grace" }).Code);
    }

    [Fact]
    public void Flush_AboveTheLimit_NeedsApproval()
    {
        ConntrackProgram.Load(_scratch.Inside, Enumerable.Range(0, 5000).Select(n => Flow.Replace("10.1.0.1", $"10.2.{n / 250}.{(n % 250) + 1}")));
        var preview = Preview();
        Assert.Equal(5002, preview.Entries.Count);

        var refused = Flush(preview, "a1");
        var result = Flush(preview, "a2", note: note => note with { ApprovedBy = "grace" });

        Assert.Equal(FlushReasons.ApprovalRequired, refused.Code);
        Assert.Contains("5002 entries match", refused.Refusal, StringComparison.Ordinal);
        Assert.Equal((5002, 0, 5002), (result.Deleted, result.Remaining, result.EntryOutcomes.Length));
    }

    [Fact]
    public void CommandsAndRequests_Malformed_AreRefused()
    {
        var preview = Preview();
        var statement = Statement(OwnerState.Gone, 0, Pod);
        var note = new NodeCommand("action", "ada", null, "test", false, long.MaxValue);
        var good = new FlushNodeCommand(note, preview.PreviewId, preview.Digest, statement);
        FlushNodeCommand?[] orders =
        [
            null, good with { Command = null! }, good with { PreviewId = null! }, good with { PreviewId = new string('x', 100_000) }, good with { Digest = null! },
            good with { Ownership = null! }, good with { Ownership = statement with { Ip = null! } }, good with { Ownership = statement with { State = (OwnerState)77 } },
            good with { Ownership = statement with { AsOfMs = long.MinValue } }, good with { Command = note with { ActionId = "a\nb" } },
            good with { Command = note with { Reason = "" } }, good with { Command = note with { Who = null! } },
            good with { Command = note with { Reason = new string('x', 1001) } }, good with { Command = note with { ValidUntilMs = _time.GetUtcNow().ToUnixTimeMilliseconds() - 1 } },
        ];
        var question = new PreviewRequest("p1", Pod, statement);
        PreviewRequest?[] questions =
        [
            null, question with { PreviewId = null! }, question with { PreviewId = new string('x', 100_000) }, question with { PodIp = null! },
            question with { PodIp = new string('1', 100_000) }, question with { Ownership = null! }, question with { Preset = (FlushPreset)77 },
            question with { Scope = new FlushScope(new string('x', 100_000), null, null) }, question with { Scope = new FlushScope(null, null, int.MinValue) },
        ];

        Assert.All(orders, order => Assert.InRange(_scratch.Inside.Run(() => _handler.Flush(order, TestContext.Current.CancellationToken)).Refusal!.Length, 20, 1500));
        Assert.All(questions, asked => Assert.InRange(_scratch.Inside.Run(() => _handler.Preview(asked)).Refusal!.Length, 10, 1500));
        Assert.All((FlushOutcomeRequest?[])[null, new(null!), new("x")], asked => Assert.NotNull(_handler.ReadOutcome(asked).Refusal));
        Assert.Equal(3, ConntrackProgram.List(_scratch.Inside).Count);
    }

    [Fact]
    public void Preview_AddressOfTheNodesNetworks_IsRefused()
    {
        NetworkInterfaceWith("10.244.0.254/24");
        foreach (string address in (string[])["10.244.0.254", "10.244.0.0", "10.244.0.255"])
        {
            var preview = _scratch.Inside.Run(() => _handler.Preview(new PreviewRequest("p" + address, address, Statement(OwnerState.Gone, 0, address))));
            Assert.Equal(FlushReasons.NodeAddress, preview.RefusalCode);
        }
    }

    [Fact]
    public void Flush_AfterARestart_ReturnsEarlierResultsAndInterruptedOnesAsUnsure()
    {
        var first = Flush(Preview(), "ran");
        var journal = new ActionJournal(_state.Path);
        journal.TryBegin(journal.Find("ran")!.Begin with { ActionId = "cut-off", Before = "7" });
        ConntrackProgram.Load(_scratch.Inside, [Flow]);
        var again = new FlushHandler("node1", _time, new ActionJournal(_state.Path), new Sysctl());

        var order = new FlushNodeCommand(new NodeCommand("ran", "ada", null, "test", false, long.MaxValue), "p", "d", Statement(OwnerState.Gone, 0, Pod));
        var repeated = _scratch.Inside.Run(() => again.Flush(order, TestContext.Current.CancellationToken));
        var unsure = _scratch.Inside.Run(() => again.Flush(order with { Command = order.Command with { ActionId = "cut-off" } }, TestContext.Current.CancellationToken));

        Assert.Equal(first with { Errors = repeated.Errors }, repeated);
        Assert.Equal((true, 7, 1, null), (unsure.Unsure, unsure.Listed, unsure.Remaining, unsure.Refusal));
        Assert.Equal(2, ConntrackProgram.List(_scratch.Inside).Count);
        Assert.True(new ActionJournal(_state.Path).Find("cut-off")!.End!.Flush!.Unsure);
    }

    [Fact]
    public async Task Flush_WhileAnotherRuns_IsBusy_AndCancellationStopsBetweenChunks()
    {
        ConntrackProgram.Load(_scratch.Inside, Enumerable.Range(0, 1000).Select(n => Flow.Replace("10.1.0.1", $"10.2.{n / 250}.{(n % 250) + 1}")));
        var slow = new FlushHandler("node1", _time, new ActionJournal(_state.Path), new Sysctl(), perSecond: 200);
        using var stop = new CancellationTokenSource();
        using var elsewhere = ConntrackConsole.Kernel.Namespaces.NetworkNamespace.Open(_scratch.Inside.Name); // for another thread
        var (one, other) = (Preview(slow), Preview(slow));
        var running = Task.Run(() => _scratch.Inside.Run(() => slow.Flush(Order(one, "a1"), stop.Token)), TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => ConntrackProgram.List(elsewhere).Count <= 900);

        var refused = elsewhere.Run(() => slow.Flush(Order(other, "a2"), new CancellationToken(canceled: true)));
        await stop.CancelAsync();
        var cut = await running;

        Assert.Equal(FlushReasons.Busy, refused.Code);
        Assert.Contains("a1 of ada", refused.Refusal, StringComparison.Ordinal);
        Assert.Equal(1002, cut.EntryOutcomes.Length);
        Assert.Matches("^D+N+$", cut.EntryOutcomes);
        Assert.Equal(cut.Deleted + cut.Remaining, cut.Listed);
        Assert.Equal(cut.Remaining, Flush(slow, other, "a2").Deleted); // its preview was not consumed
    }

    private void NetworkInterfaceWith(string address) => _scratch.Inside.Run(() =>
    {
        using var routes = ConntrackConsole.Kernel.Routes.RouteSocket.Open();
        routes.SetUp("lo", up: true);
        string[] parts = address.Split('/');
        routes.AddAddress("lo", Ip.Parse(parts[0]), int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture));
    });

    public void Dispose()
    {
        _scratch.Dispose();
        _state.Dispose();
    }

    private FlushPreview Preview(FlushPreset preset = FlushPreset.DeadBackend, FlushScope? scope = null, OwnerState owner = OwnerState.Gone) =>
        Preview(_handler, preset, scope, owner);

    private FlushPreview Preview(
        FlushHandler handler, FlushPreset preset = FlushPreset.DeadBackend, FlushScope? scope = null, OwnerState owner = OwnerState.Gone)
    {
        var preview = _scratch.Inside.Run(() => handler.Preview(
            new PreviewRequest(Guid.NewGuid().ToString(), Pod, Statement(owner, 0, Pod), preset, scope)));
        Assert.Null(preview.Refusal);
        return preview;
    }

    private FlushResult Flush(
        FlushPreview preview, string actionId = "action", OwnerState owner = OwnerState.Gone, long ageMs = 0, string about = Pod,
        Func<NodeCommand, NodeCommand>? note = null)
    {
        var order = Order(preview, actionId) with { Ownership = Statement(owner, ageMs, about) };
        return _scratch.Inside.Run(() => _handler.Flush(order with { Command = note?.Invoke(order.Command) ?? order.Command }));
    }

    private FlushResult Flush(FlushHandler handler, FlushPreview preview, string actionId) => _scratch.Inside.Run(() => handler.Flush(Order(preview, actionId)));

    private FlushNodeCommand Order(FlushPreview preview, string actionId) => new(
        new NodeCommand(actionId, "ada", null, "test", false, long.MaxValue), preview.PreviewId, preview.Digest, Statement(OwnerState.Gone, 0, Pod));

    private OwnershipStatement Statement(OwnerState owner, long ageMs, string about) =>
        new(about, owner, "shop/checkout-1", _time.GetUtcNow().ToUnixTimeMilliseconds() - ageMs);
}
