using ConntrackConsole.Checks.Model;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Findings;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Model;

namespace ConntrackConsole.Inventory;

/// <summary>All nodes and Services at one moment. Thread-safe; each part is computed when it is first asked for.</summary>
internal sealed class InventorySnapshot
{
    /// <summary>How far back resets are counted.</summary>
    public const long ResetsMs = 300_000;

    // The checks are evaluated every two seconds, in a large cluster less often.
    private const long OldMs = 30_000;

    private readonly TimelineQueryExecutor _reading;
    private readonly CheckContext _context;
    private readonly CheckReport _report;
    private readonly FindingReport _found;
    private readonly ClusterState _cluster;
    private readonly Lazy<IReadOnlyList<NodeSummary>> _nodes;
    private readonly Lazy<IReadOnlyList<ServiceSummary>> _services;
    private readonly Lazy<IReadOnlyList<ResetDeduplicator.Report>> _resets;

    public InventorySnapshot(TimelineQueryExecutor reading, CheckContext context, CheckReport report, FindingReport found, ClusterState cluster, long fromMs)
    {
        (_reading, _context, _report, _found, _cluster) = (reading, context, report, found, cluster);
        FromMs = fromMs;
        _nodes = new(() => new NodeSummaryBuilder(context, reading, cluster.Current).Build());
        _services = new(() => new ServiceSummaryBuilder(context, report, found, reading, cluster.Current, Resets).Build());
        _resets = new(() => [.. reading.Reports(NowMs - ResetsMs, long.MaxValue)]);
    }

    public long NowMs => _reading.NowMs;

    /// <summary>Since when memory is complete: an hour ago, or later.</summary>
    public long FromMs { get; }

    /// <summary>When the checks were evaluated, of which settings, kube-proxy's readings and stale entries are.</summary>
    public long CheckedMs => _context.NowMs;

    /// <summary>The checks are not evaluated any more: what they have seen is not current.</summary>
    public bool IsOld => NowMs - CheckedMs > OldMs;

    public bool HasCluster => _context.HasCluster;

    /// <summary>The cluster's objects have been listed.</summary>
    public bool IsListed => _context.IsListed;

    /// <summary>Nodes of which the entries are missing in every sum: without a collector, or with a silent one.</summary>
    public IReadOnlyList<string> SilentNodes => _context.SilentNodes;

    /// <summary>Of the nodes with a collector.</summary>
    public IReadOnlyList<NodeHealth> Health => _reading.Health();

    /// <summary>By name.</summary>
    public IReadOnlyList<NodeSummary> Nodes => _nodes.Value;

    /// <summary>What needs attention first.</summary>
    public IReadOnlyList<ServiceSummary> Services => _services.Value;

    /// <summary>Gaps within the last <see cref="ResetsMs"/>: the counts of resets are lower bounds.</summary>
    public IReadOnlyList<GapSpan> ResetGaps => _reading.Gaps(new TimelineQuery(NowMs - ResetsMs, NowMs, 1));

    /// <summary>The result of the last rounds of the diagnosis.</summary>
    public FindingReport Findings => _found;

    private IReadOnlyList<ResetDeduplicator.Report> Resets => _resets.Value;

    /// <summary>One node in full; null if neither a collector nor the cluster knows it.</summary>
    public NodeDetail? Node(string name) =>
        Nodes.FirstOrDefault(node => node.Name == name) is { } node ? NodeDetail.Of(node, _reading, _report, Resets) : null;

    /// <summary>One Service in full; null if the cluster does not have it.</summary>
    public ServiceDetail? Service(ServiceKey key) =>
        Services.FirstOrDefault(service => service.Info.Key == key) is { } service ? ServiceDetail.Of(service, _reading, _report, _cluster) : null;

    /// <summary>Whether it is the answer of the same sources.</summary>
    public bool IsOf(TimelineQueryExecutor reading, CheckContext context, CheckReport report, FindingReport found) =>
        ReferenceEquals(reading, _reading) && ReferenceEquals(context, _context) && ReferenceEquals(report, _report) && ReferenceEquals(found, _found);
}
