using ConntrackConsole.Timeline.Live;

using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Storage;

/// <summary>Rebuilds the live timeline from the stored frames: all nodes at startup, one node after late frames.</summary>
internal sealed class TimelineReplay(FrameArchive frames, TimelineStore timeline, TimeProvider time)
{
    // A key frame comes at least every minute: reading begins that long before the horizon, so that the table is known at it.
    private const long KeyFrameMs = 61_000;

    // A frame's resets are from the second or two before it.
    private const long EdgeSeconds = 2;

    /// <summary>Loads the nodes from the last hour's frames, and the resets of those frames.</summary>
    /// <param name="storedSeconds">Seconds for which the rollup has stored resets.</param>
    /// <returns>From which moment on, in whole seconds, the resets are counted from frames.</returns>
    public long All(IReadOnlySet<long>? storedSeconds = null)
    {
        long sinceMs = SinceMs;
        var nodes = frames.NodesSince(sinceMs);
        if (nodes.Count == 0)
            return long.MaxValue;
        long firstSecond = Math.Max(nodes.Min(n => n.FirstMs), sinceMs + KeyFrameMs) / 1000;
        long resetsFrom = firstSecond - EdgeSeconds;
        // Some frames of the first seconds may be deleted already: what the rollup has stored for them is complete then.
        for (long second = resetsFrom; storedSeconds is not null && second < firstSecond + EdgeSeconds; second++)
        {
            if (storedSeconds.Contains(second))
                resetsFrom = second + 1;
        }

        foreach (var (node, _) in nodes)
            timeline.Rebuild(node, Decoded(node, sinceMs, frame => timeline.AddResets(node, frame, resetsFrom * 1000)));
        return resetsFrom * 1000;
    }

    /// <summary>Rebuilds one node: applies its frames in the order in which they were made, whenever they arrived.</summary>
    public void Node(string node) => timeline.Rebuild(node, Decoded(node, SinceMs, null));

    private long SinceMs => time.GetUtcNow().ToUnixTimeMilliseconds() - TimelineStore.HorizonMs - KeyFrameMs;

    private IEnumerable<(long Run, NodeFrame Frame)> Decoded(string node, long sinceMs, Action<NodeFrame>? each)
    {
        var frame = new NodeFrame();
        foreach (var stored in frames.Read(node, sinceMs))
        {
            // A frame that was rejected when it arrived is rejected now too.
            if (stored.AtMs > stored.ReceivedMs + TimelineStore.MaxAheadMs || !NodeFrameCodec.TryRead(stored.Bytes, frame, out _))
                continue;
            each?.Invoke(frame);
            yield return (stored.Run, frame);
        }
    }
}
