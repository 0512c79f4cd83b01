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
    private readonly OwnershipHistory _history;
    private readonly RecordedWindow _window;

    public IncidentReplay(IncidentWindow incident)
    {
        ArgumentNullException.ThrowIfNull(incident);
        _incident = incident;
        _history = OwnershipHistory.Of(incident.Ownership);
        _window = new RecordedWindow(incident.FromMs, incident.ToMs, [.. incident.Nodes.Where(node => node.Frames.Count > 0).Select(node => node.Name).Order(StringComparer.Ordinal)], Read);
    }

    /// <summary>Why connections broke.</summary>
    public FindingReport Findings(CancellationToken ct)
    {
        var nodes = _incident.Nodes.ToDictionary(node => node.Name);
        return _window.Explain(new FindingWindow(_window.ExplainedMs, _incident.ToMs, _history)
        {
            Terminations = _incident.Terminations.GroupBy(ended => ended.Uid).ToDictionary(same => same.Key, same => same.First()),
            ReadyEndpoints = FindingWindow.ReadyAt(_history, _incident.ToMs),
            WorkloadOf = _incident.Workloads.GetValueOrDefault,
            SettingsOf = name => nodes.GetValueOrDefault(name)?.Settings,
            HelloOf = name => nodes.GetValueOrDefault(name)?.Hello,
            SettingChanges = _incident.SettingChanges,
        }, ct);
    }

    /// <summary>A store with all of it; its present is the end of the window.</summary>
    public TimelineStore Timeline(CancellationToken ct)
    {
        var clock = new MomentClock(_incident.ToMs);
        var log = new TerminationLog(new RolloutLog());
        log.Rollouts.Restore(_incident.Rollouts);
        foreach (var ended in _incident.Terminations)
            log.Restore(ended);
        log.Restarts.Restore(_incident.Restarts);
        var store = new TimelineStore(new ClusterState(clock, log, _history), clock, horizonMs: _incident.ToMs - _incident.FromMs + (2 * RecordedWindow.KeyFrameMs));
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
