using ConntrackConsole.Timeline.Live;

using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Storage;

/// <summary>Makes the live timeline from the stored frames: all of it at the start, one node's when late frames have come.</summary>
internal sealed class TimelineReplay(FrameArchive frames, TimelineStore timeline, TimeProvider time)
{
    // A key frame comes at least every minute: so far before the horizon the reading begins, to know the table at it.
    private const long KeyFrameMs = 61_000;

    // A frame's resets are of the second or two before it.
    private const long EdgeSeconds = 2;

    /// <summary>The nodes as the last hour's frames have them, and the resets of those frames.</summary>
    /// <param name="storedSeconds">Seconds of which the rollup has stored resets.</param>
    /// <returns>From which moment on, in whole seconds, the resets are counted from frames.</returns>
    public long All(IReadOnlySet<long>? storedSeconds = null)
    {
        long sinceMs = SinceMs;
        var nodes = frames.NodesSince(sinceMs);
        if (nodes.Count == 0)
            return long.MaxValue;
        long firstSecond = Math.Max(nodes.Min(n => n.FirstMs), sinceMs + KeyFrameMs) / 1000;
        long resetsFrom = firstSecond - EdgeSeconds;
        // Of the first seconds some frames may be deleted already: what the rollup has stored of them is whole then.
        for (long second = resetsFrom; storedSeconds is not null && second < firstSecond + EdgeSeconds; second++)
        {
            if (storedSeconds.Contains(second))
                resetsFrom = second + 1;
        }

        foreach (var (node, _) in nodes)
            timeline.Rebuild(node, Decoded(node, sinceMs, frame => timeline.AddResets(node, frame, resetsFrom * 1000)));
        return resetsFrom * 1000;
    }

    /// <summary>One node anew: the frames in the order in which they were made, whenever they came.</summary>
    public void Node(string node) => timeline.Rebuild(node, Decoded(node, SinceMs, null));

    private long SinceMs => time.GetUtcNow().ToUnixTimeMilliseconds() - TimelineStore.HorizonMs - KeyFrameMs;

    private IEnumerable<(long Run, NodeFrame Frame)> Decoded(string node, long sinceMs, Action<NodeFrame>? each)
    {
        var frame = new NodeFrame();
        foreach (var stored in frames.Read(node, sinceMs))
        {
            // What was not believed when it came is not believed now.
            if (stored.AtMs > stored.ReceivedMs + TimelineStore.MaxAheadMs || !NodeFrameCodec.TryRead(stored.Bytes, frame, out _))
                continue;
            each?.Invoke(frame);
            yield return (stored.Run, frame);
        }
    }
}
