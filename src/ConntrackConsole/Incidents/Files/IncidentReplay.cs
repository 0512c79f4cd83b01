using ConntrackConsole.Cluster.State;
using ConntrackConsole.Findings.Stored;
using ConntrackConsole.Findings;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Ownership;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Incidents.Files;

/// <summary>The findings and the timeline of an incident, by the same computation as those of the console that wrote it, in memory of their own.</summary>
internal sealed class IncidentReplay
{
    private readonly IncidentWindow _incident;
    private readonly RecordedWindow _window;
    private readonly MomentClock _clock;

    public IncidentReplay(IncidentWindow incident)
    {
        ArgumentNullException.ThrowIfNull(incident);
        _incident = incident;
        _clock = new MomentClock(incident.ToMs);
        History = OwnershipHistory.Of(incident.Ownership);
        Terminations = new TerminationLog(new RolloutLog());
        Terminations.Rollouts.Restore(incident.Rollouts);
        foreach (var ended in incident.Terminations)
            Terminations.Restore(ended);
        Terminations.Restarts.Restore(incident.Restarts);
        Cluster = new ClusterState(_clock, Terminations, History);
        if (incident.Ownership.Owners.Count + incident.Ownership.Services.Count > 0)
            Cluster.Show(RecordedCluster.At(incident.Ownership, incident.Terminations, History.FormerOwners, incident.ToMs));
        var nodes = incident.Nodes.ToDictionary(node => node.Name);
        Present = new PresentFacts(incident.Workloads.GetValueOrDefault, name => nodes.GetValueOrDefault(name)?.Settings, name => nodes.GetValueOrDefault(name)?.Hello);
        _window = new RecordedWindow(incident.FromMs, incident.ToMs, [.. incident.Nodes.Where(node => node.Frames.Count > 0).Select(node => node.Name).Order(StringComparer.Ordinal)], Read);
    }

    /// <summary>Who owned which address.</summary>
    public OwnershipHistory History { get; }

    /// <summary>Terminations, rollouts and restarts.</summary>
    public TerminationLog Terminations { get; }

    /// <summary>The cluster at the end of the window, by the history of its objects.</summary>
    public ClusterState Cluster { get; }

    /// <summary>What was known of nodes and pods when the file was written.</summary>
    public PresentFacts Present { get; }

    /// <summary>Why connections broke.</summary>
    public FindingReport Findings(CancellationToken ct) => _window.Explain(
        new FindingWindow(_window.ExplainedMs, _incident.ToMs, History)
        {
            Terminations = _incident.Terminations.GroupBy(ended => ended.Uid).ToDictionary(same => same.Key, same => same.First()),
            ReadyEndpoints = FindingWindow.ReadyAt(History, _incident.ToMs),
            WorkloadOf = Present.WorkloadOf,
            SettingsOf = Present.SettingsOf,
            HelloOf = Present.HelloOf,
            SettingChanges = _incident.SettingChanges,
        }, ct);

    /// <summary>A store with all of it; its present is the end of the window.</summary>
    public TimelineStore Timeline(CancellationToken ct)
    {
        var store = new TimelineStore(Cluster, _clock, horizonMs: _incident.ToMs - _incident.FromMs + (2 * RecordedWindow.KeyFrameMs));
        foreach (var node in _incident.Nodes)
        {
            if (node.Hello is { } hello)
                store.Connected(hello with { Node = node.Name });
        }

        _window.Fill(store, ct);
        var frame = new NodeFrame();
        foreach (var node in _incident.Nodes)
        {
            foreach (var stored in node.Frames)
            {
                if (NodeFrameCodec.TryRead(stored.Bytes.Span, frame, out _))
                    store.AddResets(node.Name, frame, _incident.FromMs);
            }
        }

        store.Restore(_incident.Gaps, _incident.SettingChanges.Where(change => change.AtMs <= _incident.ToMs));
        return store;
    }

    private IEnumerable<(long Run, NodeFrame Frame)> Read(string node, long fromMs, long toMs)
    {
        var frame = new NodeFrame();
        foreach (var stored in _incident.Nodes.First(one => one.Name == node).Frames)
        {
            if (NodeFrameCodec.TryRead(stored.Bytes.Span, frame, out _) && frame.AtMs >= fromMs && frame.AtMs <= toMs)
                yield return (stored.Run, frame);
        }
    }
}
