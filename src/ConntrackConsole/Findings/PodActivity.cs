using ConntrackConsole.Lifecycle;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Series;

namespace ConntrackConsole.Findings;

/// <summary>For how long clients used pods after their deletion requests: by when their last connections began or ended.</summary>
internal static class PodActivity
{
    // Later, entries end by timeouts and flushes: that is no activity of the pod.
    private const long SlackMs = 1_000;

    // What fewer needed is no number for the next pod.
    private const int MinPods = 3;

    private const int MaxPods = 100;

    /// <summary>When its last connection began or ended after the deletion request, by the entries of one node; null if none did.</summary>
    /// <param name="offsetMs">The console's clock less the node's.</param>
    /// <param name="toMs">The end of the window.</param>
    public static long? LastMs(Termination ended, in StepSlice steps, long offsetMs, long toMs)
    {
        ArgumentNullException.ThrowIfNull(ended);
        long endMs = ended.ContainerFinishedMs ?? ended.DeletedMs ?? toMs;
        long? last = null;
        int? live = null;
        foreach (var step in steps)
        {
            long atMs = step.AtMs + offsetMs;
            if (live is not null && step.Live != live && atMs >= ended.DeletionRequestedMs && atMs <= endMs + SlackMs)
                last = atMs;
            live = step.Live;
        }

        return last;
    }

    /// <summary>99th percentile, over the earlier pods of the same workload in the window, of the time from the deletion request to the last activity; null with too few of them.</summary>
    public static double? P99Seconds(FindingWindow window, AddressRecord record, Termination pod)
    {
        if (pod.Workload is not { } workload)
            return null;
        var seconds = new List<double>();
        var earlier = window.Terminations.Values
            .Where(ended => ended.Uid != pod.Uid && ended.Namespace == pod.Namespace && ended.Workload == workload && !ended.PodIp.IsNone && ended.OverMs is not null
                && ended.DeletionRequestedMs >= window.FromMs && ended.DeletionRequestedMs < pod.DeletionRequestedMs)
            .OrderByDescending(ended => ended.DeletionRequestedMs).ThenBy(ended => ended.Uid, StringComparer.Ordinal).Take(MaxPods);
        foreach (var ended in earlier)
        {
            var nodes = record.StepsTo(ended.PodIp);
            if (nodes.Count > 0)
                seconds.Add(nodes.Max(node => LastMs(ended, node.Steps, node.OffsetMs, window.ToMs) is { } lastMs ? (lastMs - ended.DeletionRequestedMs) / 1_000.0 : 0));
        }

        if (seconds.Count < MinPods)
            return null;
        seconds.Sort();
        return seconds[(int)Math.Ceiling(0.99 * seconds.Count) - 1];
    }
}
