using ConntrackConsole.Timeline.Live;

using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Storage;

/// <summary>
/// Rebuilds the live timeline from the stored frames: all nodes after the start, node by node while the console already listens, and one
/// node after late frames. A collector is introduced once its node is rebuilt (<see cref="WhenLoadedAsync"/>), so that nothing of it is applied before.
/// </summary>
internal sealed class TimelineReplay(FrameArchive frames, TimelineStore timeline, TimeProvider time)
{
    /// <summary>How many frames are read at the start: of the largest clusters some minutes, as memory holds no more of them.</summary>
    public const int MaxFrames = 4_000_000;

    // A key frame comes at least every minute: reading begins that long before the horizon, so that the table is known at it.
    private const long KeyFrameMs = 61_000;

    // What the rollup may not have in blocks yet, and more.
    private const long MinMs = 420_000;

    // A frame's resets are from the second or two before it.
    private const long EdgeSeconds = 2;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, TaskCompletionSource> _pending = [];
    private readonly Queue<string> _order = [];
    private readonly Queue<string> _wanted = []; // By a collector that waits.
    private long _startedMs;
    private long _sinceMs;
    private long _resetsFromMs;

    /// <summary>How many nodes are not rebuilt yet.</summary>
    public int Pending
    {
        get
        {
            lock (_lock)
                return _pending.Count;
        }
    }

    /// <summary>Loads all nodes from the last hour's frames, and the resets of those frames.</summary>
    /// <param name="storedSeconds">Seconds for which the rollup has stored resets.</param>
    /// <returns>From which moment on, in whole seconds, the resets are counted from frames.</returns>
    public long All(IReadOnlySet<long>? storedSeconds = null)
    {
        long countedFromMs = Begin(storedSeconds);
        while (Continue(long.MaxValue))
        {
        }

        return countedFromMs;
    }

    /// <summary>Finds the nodes that are to be rebuilt; until they are, the store reports its memory as incomplete.</summary>
    /// <param name="storedSeconds">Seconds for which the rollup has stored resets.</param>
    /// <returns>From which moment on, in whole seconds, the resets are counted from frames.</returns>
    public long Begin(IReadOnlySet<long>? storedSeconds = null)
    {
        _startedMs = time.GetUtcNow().ToUnixTimeMilliseconds();
        var nodes = frames.NodesSince(SinceMs);
        if (nodes.Count == 0)
            return long.MaxValue;
        _sinceMs = Math.Max(SinceMs, _startedMs - Math.Max(MinMs, MaxFrames / nodes.Count * 1_000L));
        if (_sinceMs > SinceMs)
            timeline.ForgetBefore(_sinceMs + KeyFrameMs);
        long firstSecond = Math.Max(nodes.Min(n => n.FirstMs), _sinceMs + KeyFrameMs) / 1000;
        long resetsFrom = firstSecond - EdgeSeconds;
        // Some frames of the first seconds may be deleted already: what the rollup has stored for them is complete then.
        for (long second = resetsFrom; storedSeconds is not null && second < firstSecond + EdgeSeconds; second++)
        {
            if (storedSeconds.Contains(second))
                resetsFrom = second + 1;
        }

        _resetsFromMs = resetsFrom * 1000;
        lock (_lock)
        {
            foreach (var (node, _) in nodes)
            {
                _pending[node] = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                _order.Enqueue(node);
            }
        }

        timeline.IsLoading = true;
        return _resetsFromMs;
    }

    /// <summary>Rebuilds nodes for some time. Only on the thread that applies frames.</summary>
    /// <returns>Whether some are left.</returns>
    public bool Continue(long budgetMs)
    {
        long begun = time.GetTimestamp();
        while (Next() is { } node)
        {
            try
            {
                timeline.Rebuild(node, Decoded(node, _sinceMs, frame => timeline.AddResets(node, frame, _resetsFromMs)));
            }
            finally
            {
                Loaded(node);
            }

            if (time.GetElapsedTime(begun).TotalMilliseconds >= budgetMs)
                break;
        }

        return Pending > 0;
    }

    /// <summary>Waits until a node is rebuilt, and gives it precedence.</summary>
    public Task WhenLoadedAsync(string node, CancellationToken ct)
    {
        Task loaded;
        lock (_lock)
        {
            if (!_pending.TryGetValue(node, out var pending))
                return Task.CompletedTask;
            loaded = pending.Task;
            _wanted.Enqueue(node);
        }

        return loaded.WaitAsync(ct);
    }

    private string? Next()
    {
        lock (_lock)
        {
            while (_wanted.TryDequeue(out string? node) || _order.TryDequeue(out node))
            {
                if (_pending.ContainsKey(node))
                    return node;
            }

            return null;
        }
    }

    private void Loaded(string node)
    {
        bool isLast;
        lock (_lock)
        {
            _pending.Remove(node, out var pending);
            pending?.SetResult();
            isLast = _pending.Count == 0;
        }

        if (isLast)
            timeline.IsLoading = false;
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
            // What arrived since the start was counted when it was applied.
            if (stored.ReceivedMs <= _startedMs)
                each?.Invoke(frame);
            yield return (stored.Run, frame);
        }
    }
}
