using System.Text.Json;
using ConntrackConsole.Api.Findings;
using ConntrackConsole.Audit;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Findings.Live;
using ConntrackConsole.Findings.Stored;
using ConntrackConsole.Findings;
using ConntrackConsole.Incidents.Files;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Tests.Cluster;
using ConntrackConsole.Tests.Timeline.Rollup;
using ConntrackConsole.Timeline.Query;
using ConntrackConsole.Wire;
using Microsoft.Extensions.Logging.Abstractions;
using Prometheus;
using Xunit;
using static ConntrackConsole.Tests.Timeline.Rollup.TimelineFixture;

namespace ConntrackConsole.Tests.Findings;

/// <summary>A cluster with a Service and two nodes, frame by frame: applied, stored, and explained live, over stored frames and after a restart.</summary>
internal sealed class FindingScene : IDisposable
{
    public const string PodIp = "10.1.0.5";
    public const string OtherIp = "10.1.0.6";
    public const string ClientIp = "10.1.9.9";

    private readonly List<ClusterChange> _objects = [];
    private readonly Dictionary<string, ulong> _sequences = [];
    private readonly Dictionary<string, List<Action<NodeFrame>>> _next = [];
    private readonly Dictionary<string, Dictionary<GroupKey, StateCounts>> _groups = [];
    private readonly string[] _nodes;
    private FindingLog _log = new();

    private FindingScene(TimelineFixture console, string[] nodes)
    {
        (Console, _nodes) = (console, nodes);
        Start();
    }

    public static readonly PodInfo A = Objects.Pod("a", PodIp);
    public static readonly PodInfo B = Objects.Pod("b", OtherIp);
    public static readonly PodInfo Client = Objects.Pod("client", ClientIp, "node1");

    public TimelineFixture Console { get; private set; }

    public FindingMonitor Monitor { get; private set; } = null!;

    public AuditLog Audit { get; private set; } = null!;

    /// <summary>Seconds since the beginning.</summary>
    public int Second { get; private set; }

    public long NowMs => T0 + (Second * 1_000L);

    /// <summary>Nodes that send no frames.</summary>
    public HashSet<string> Silent { get; } = [];

    public static GroupKey Group(string backend = PodIp, byte proto = Protocols.Tcp, string vip = Objects.Vip) =>
        new(proto, Ip.Parse(vip), 80, Ip.Parse(backend), backend == vip ? (ushort)80 : (ushort)8080);

    public static async Task<FindingScene> StartAsync(params string[] nodes)
    {
        var scene = new FindingScene(await TimelineFixture.StartAsync(), nodes.Length == 0 ? ["node1"] : nodes);
        scene.Console.Cluster.Watching();
        scene.Apply(
            new NodeChange(Objects.Node("node1", "192.168.0.1"), false), new NodeChange(Objects.Node("node2", "192.168.0.2"), false), new ServiceChange(Objects.Service(), false),
            new PodChange(A, false), new PodChange(B, false), new PodChange(Client, false), new SliceChange(Objects.Slice(Objects.Ready(A), Objects.Ready(B)), false));
        scene.Console.Cluster.Confirm(scene.NowMs);
        scene.Connect();
        return scene;
    }

    /// <summary>Changes of the cluster, now.</summary>
    public void Apply(params ClusterChange[] changes)
    {
        _objects.AddRange(changes);
        Console.Cluster.Apply(changes);
    }

    /// <summary>Adds something to the node's next frame.</summary>
    public void Next(string node, Action<NodeFrame> add)
    {
        if (!_next.TryGetValue(node, out var list))
            _next[node] = list = [];
        list.Add(add);
    }

    public void Entries(string node, GroupKey group, FlowState state, uint count)
    {
        if (!_groups.TryGetValue(node, out var groups))
            _groups[node] = groups = [];
        StateCounts counts = default;
        counts[(int)state] = count;
        groups[group] = counts;
        Next(node, frame => frame.Groups.Add(new GroupCounts(group, counts)));
    }

    public void Reset(string node, ResetKind kind, ushort port, string backend = PodIp, bool received = false)
    {
        Next(node, frame => frame.Resets.Add(kind is ResetKind.UnNated or ResetKind.ClientAbort
            ? new Reset(frame.AtMs - 400, kind, Ip.Parse(ClientIp), port, Ip.Parse(kind == ResetKind.UnNated ? backend : Objects.Vip), 8080, Ip.Parse(Objects.Vip), 80, Ip.Parse(backend), 8080, 0, received)
            : new Reset(frame.AtMs - 400, kind, Ip.Parse(Objects.Vip), 80, Ip.Parse(ClientIp), port, Ip.Parse(Objects.Vip), 80, Ip.Parse(backend), 8080, 0, received)));
    }

    public void Note(string node, FlowNoteKind kind, ushort port, LossCause cause = LossCause.None, string backend = PodIp) => Next(node, frame => frame.Notes.Add(
        kind == FlowNoteKind.UnNated
            ? new FlowNote(frame.AtMs - 500, kind, cause, Ip.Parse(backend), 8080, Ip.Parse(ClientIp), port, Ip.Parse(ClientIp), port, 0)
            : new FlowNote(frame.AtMs - 600, kind, cause, Ip.Parse(ClientIp), port, Ip.Parse(Objects.Vip), 80, Ip.Parse(backend), 8080, 0)));

    public void Invalid(string node, uint packets) => Next(node, frame => frame.Counters = frame.Counters with { Invalid = packets });

    public void Lookup(string node, uint entries, uint waiting, uint idle = 0, uint alive = 0, string ip = PodIp) =>
        Next(node, frame => frame.WatchedAddresses.Add(new WatchedAddress(Ip.Parse(ip), entries, entries, waiting, idle, alive)));

    public void Detail(string node, PathState path = PathState.Elsewhere, uint link = 0, uint waiting = 0, uint answering = 0, uint synReused = 0, uint udp = 0, string ip = PodIp, uint sending = 0, uint backingOff = 0, uint lastSecond = 0, uint newestMs = 0) =>
        Next(node, frame => frame.WatchedDetails.Add(new WatchedDetail(Ip.Parse(ip), path, link, waiting, answering, synReused, udp) { UdpSending = sending, UdpSendingLastSecond = lastSecond, BackingOff = backingOff, NewestEntryMs = newestMs }));

    public void LateAnswer(string node, ushort port, string backend = PodIp) => Next(node, frame => frame.LateAnswers.Add(
        new LateAnswer(frame.AtMs - 300, 1_020, Ip.Parse(ClientIp), port, Ip.Parse(Objects.Vip), 80, Ip.Parse(backend), 8080)));

    public void Refusal(string node) => Next(node, frame => frame.Refusals.Add(new ServiceRefusal(frame.AtMs - 200, Ip.Parse(ClientIp), Ip.Parse(Objects.Vip))));

    /// <summary>One frame a second of each node; the first is a key frame.</summary>
    public void Run(int seconds)
    {
        for (int i = 0; i < seconds; i++)
        {
            Second++;
            foreach (string node in _nodes.Where(node => !Silent.Contains(node)))
            {
                ulong sequence = _sequences[node] = _sequences.GetValueOrDefault(node) + 1;
                var frame = new NodeFrame { Sequence = sequence, AtMs = NowMs, IsKey = sequence == 1, Counters = new Counters(0, 0, 0, 0, 100, 1000) };
                foreach (var add in _next.GetValueOrDefault(node, []))
                    add(frame);
                _next.Remove(node);
                Console.Take(node, frame);
            }

            if (Console.Cluster.IsReady)
                Console.Cluster.Confirm(NowMs);
        }
    }

    public FindingReport Round() => Monitor.Round();

    /// <summary>The codes of what is found live, which must equal what is found in the stored frames and after a restart.</summary>
    public async Task<List<string>> CodesAsync()
    {
        var live = Round();
        string text = Text(live);
        Assert.Equal(text, Text(await StoredAsync()));
        byte[] file = IncidentCodec.Write(await IncidentAsync());
        Assert.Equal(text, Text(new IncidentReplay(IncidentCodec.Read(file)).Findings(TestContext.Current.CancellationToken)));
        Restart();
        Assert.Equal(text, Text(Round()));
        return [.. live.Findings.Select(finding => finding.Code)];
    }

    public Task<FindingReport> StoredAsync() => StoredAsync(Math.Max(T0, NowMs - FindingMonitor.WindowMs), NowMs);

    public async Task<FindingReport> StoredAsync(long fromMs, long toMs)
    {
        using var stored = Stored();
        return await stored.ReadAsync(fromMs, toMs, TestContext.Current.CancellationToken);
    }

    /// <summary>The last minutes as an incident.</summary>
    public async Task<IncidentWindow> IncidentAsync()
    {
        using var stored = Stored();
        using var exporter = new IncidentWindowReader(Console.Database, Console.Frames, stored, Facts(), Terminations(), Console.Store, Audit, Console.Clock);
        return await exporter.ReadAsync(Math.Max(T0, NowMs - FindingMonitor.WindowMs), NowMs, withAudit: true, TestContext.Current.CancellationToken);
    }

    /// <summary>Ends the console, and starts it with the same database and the present objects.</summary>
    public void Restart()
    {
        IReadOnlyList<Termination> ended = Console.Cluster.Terminations;
        Console = Console.Restart(cluster =>
        {
            cluster.Restore(ended);
            cluster.Watching();
            // A list has the objects of the present.
            var present = _objects.GroupBy(Key).Select(same => same.Last()).Where(change => change is not (PodChange { Deleted: true } or SliceChange { Deleted: true } or NodeChange { Deleted: true }));
            cluster.Apply(present, listed: true);
            cluster.Confirm(NowMs);
        });
        _log = new FindingLog();
        Start();
        Connect();
    }

    public async Task WriteAuditAsync()
    {
        var audit = new FindingAudit(Audit);
        if (!_log.IsRestored)
            _log.Restore(await audit.OpenAsync(TestContext.Current.CancellationToken));
        Round();
        await audit.WriteAsync(_log, TestContext.Current.CancellationToken);
    }

    public static string Text(FindingReport report) => JsonSerializer.Serialize(
        new { findings = report.Findings.Select(finding => FindingView.Of(finding)).OrderBy(view => view.Id), insufficient = report.Insufficient.Select(InsufficientView.Of).OrderBy(view => view.Missing) },
        Indented);

    public void Dispose()
    {
        Audit.Dispose();
        Console.Dispose();
    }

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private static object Key(ClusterChange change) => change switch
    {
        PodChange pod => ("pod", pod.Pod.Uid),
        SliceChange slice => ("slice", slice.Slice.Uid),
        NodeChange node => ("node", node.Node.Name),
        _ => change,
    };

    private void Start()
    {
        Monitor = new FindingMonitor(Console.Cluster, Console.Store, _log, new FindingAudit(Audit = new AuditLog(Console.Database, Console.Clock)), new FindingMetrics(Metrics.NewCustomRegistry()), Console.Clock, NullLogger<FindingMonitor>.Instance);
    }

    private StoredFindings Stored() => new(Console.Database, Console.Frames, Console.Owners, Terminations(), Facts(), Console.Store, Console.Cluster, Console.Clock);

    private StoredFacts Facts() => new(Console.Database, Console.Cluster, new RuleSyncReader(Console.Database, Console.Store, Console.Clock));

    private TerminationArchive Terminations() => new(Console.Database, TerminationsOf(Console));

    private static TerminationLog TerminationsOf(TimelineFixture console)
    {
        var log = new TerminationLog(new RolloutLog());
        foreach (var termination in console.Cluster.Terminations)
            log.Restore(termination);
        return log;
    }

    private void Connect()
    {
        foreach (string node in _nodes)
        {
            Console.Store.Connected(new Hello(
                node, "0.1.0", "boot", "6.18", 1, [new Capability("events", true, "ok"), new Capability("resets.trace", true, "ok")], new Dictionary<string, string>
                {
                    ["net.netfilter.nf_conntrack_tcp_be_liberal"] = "0", ["net.netfilter.nf_conntrack_tcp_loose"] = "1",
                    ["net.netfilter.nf_conntrack_tcp_timeout_established"] = "86400", ["net.netfilter.nf_conntrack_tcp_timeout_unacknowledged"] = "300",
                }));
        }
    }
}
