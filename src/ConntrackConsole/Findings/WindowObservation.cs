using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Timeline.Series;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Findings;

/// <summary>What the stored frames of a window show besides its findings. Times are by the console's clock.</summary>
/// <param name="Nodes">The nodes that reported.</param>
/// <param name="LastActive">By address of a terminated pod: when its last connection began or ended after the deletion request.</param>
/// <param name="Gaps">Intervals of the window with incomplete data.</param>
internal sealed record WindowObservation(IReadOnlyList<string> Nodes, IReadOnlyDictionary<Ip, long> LastActive, IReadOnlyList<GapSpan> Gaps)
{
    public static readonly WindowObservation None = new([], new Dictionary<Ip, long>(), []);

    public static WindowObservation Of(TimelineStore store, FindingWindow window, IReadOnlyList<string> nodes)
    {
        var snapshot = store.Capture();
        var active = new Dictionary<Ip, long>();
        foreach (var ended in window.Terminations.Values)
        {
            if (ended.PodIp.IsNone)
                continue;
            foreach (var series in snapshot.To(ended.PodIp).SelectMany(group => group.Members))
            {
                if (PodActivity.LastMs(ended, series.Steps, snapshot.Heads[series.Slot]?.ClockOffsetMs ?? 0, window.ToMs) is { } lastMs)
                    active[ended.PodIp] = Math.Max(lastMs, active.GetValueOrDefault(ended.PodIp));
            }
        }

        var silent =
            from head in snapshot.Nodes
            let lastMs = head.LastAtMs + head.ClockOffsetMs
            where window.ToMs - lastMs > NodeTimeline.SilentMs
            select GapLog.Span(head.Name, GapKind.Silent, lastMs, window.ToMs, 0);
        return new WindowObservation(nodes, active, [.. window.Gaps.Where(gap => gap.ToMs > window.FromMs && gap.FromMs < window.ToMs), .. silent]);
    }
}
