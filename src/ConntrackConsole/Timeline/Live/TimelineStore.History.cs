using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Live;

/// <summary>The inputs of the rollup besides the frames.</summary>
internal sealed partial class TimelineStore
{
    private const int MaxSettings = 2_000;

    private readonly Queue<ReportedSetting> _settings = new();

    /// <summary>The node is no longer in the cluster and not connected: after its last frame its counts are zero, not unknown.</summary>
    public bool HasLeft(string node)
    {
        lock (_lock)
            return _cluster.IsReady && !_cluster.Current.Nodes.ContainsKey(node) && !(_nodes.TryGetValue(node, out var timeline) && timeline.Connected);
    }

    /// <summary>Gaps that no frame reports: the console's own.</summary>
    public List<GapSpan> OwnGaps()
    {
        lock (_lock)
            return [.. _gaps.OwnSpans];
    }

    public void Restore(IEnumerable<GapSpan> gaps, IEnumerable<ReportedSetting> settings)
    {
        ArgumentNullException.ThrowIfNull(gaps);
        ArgumentNullException.ThrowIfNull(settings);
        lock (_lock)
        {
            foreach (var gap in gaps)
                _gaps.Add(gap);
            foreach (var setting in settings)
                AddSetting(setting);
        }

        Signal();
    }

    private void RecordSettings(string node, NodeFrame frame)
    {
        foreach (var change in frame.Settings)
            AddSetting(new ReportedSetting(node, change.AtMs, change.Name, change.Before, change.After));
    }

    private void AddSetting(ReportedSetting setting)
    {
        _settings.Enqueue(setting);
        if (_settings.Count > MaxSettings)
            _settings.Dequeue();
    }
}
