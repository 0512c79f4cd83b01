using ConntrackConsole.Wire;

namespace ConntrackConsole.Nodes;

/// <summary>A sync of a node's kube-proxy, on the console's clock.</summary>
/// <param name="AtMs">When it ended.</param>
/// <param name="CoversMs">The written rules contain every change that kube-proxy had received before this time.</param>
/// <param name="SeenMs">When it was first read.</param>
internal sealed record RulesSync(long AtMs, long CoversMs, long SeenMs, double P99);

/// <summary>
/// The syncs that each node's kube-proxy reported. Its metrics are read every few seconds and contain only the last sync, so a
/// result here is late by at most that interval and never early. Thread-safe.
/// </summary>
internal sealed class SyncLog
{
    /// <summary>Maximum number of syncs kept for a node: over an hour at one per second.</summary>
    public const int Max = 4_096;

    /// <summary>Maximum number of unsaved syncs: beyond it the oldest are dropped, and counted.</summary>
    public const int MaxUnsaved = 200_000;

    /// <summary>kube-proxy and the console use separate watches: kube-proxy may have received a change this much earlier.</summary>
    public const long WatchSkewMs = 200;

    // A kube-proxy that was not read for this long is considered unresponsive.
    private const long SilentMs = 30_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, NodeSyncs> _nodes = [];
    private readonly Dictionary<(string Node, long AtMs), RulesSync> _dirty = [];
    private long _fromMs;

    /// <summary>Number of syncs that were dropped because saving failed for too long.</summary>
    public long Lost { get; private set; }

    /// <summary>Since when it is complete: what ended earlier was forgotten.</summary>
    public long FromMs
    {
        get
        {
            lock (_lock)
                return _fromMs;
        }
    }

    /// <summary>Size of the syncs of all nodes.</summary>
    public long Bytes
    {
        get
        {
            lock (_lock)
            {
                long bytes = 0;
                foreach (var syncs in _nodes.Values)
                    bytes += syncs.List.Bytes;
                return bytes;
            }
        }
    }

    /// <summary>Forgets what ended before a moment, and the nodes that have nothing since and are not known otherwise.</summary>
    public void Trim(long beforeMs, Predicate<string> isKnown)
    {
        ArgumentNullException.ThrowIfNull(isKnown);
        lock (_lock)
        {
            _fromMs = Math.Max(_fromMs, beforeMs);
            foreach (var (node, syncs) in _nodes)
            {
                Trim(syncs.List, beforeMs);
                if (syncs.ReadMs < beforeMs && (syncs.List.Count == 0 || syncs.List.AtMs(syncs.List.Count - 1) < beforeMs) && !isKnown(node))
                    _nodes.Remove(node);
            }
        }
    }

    // One from before it remains: it shows that kube-proxy was read then.
    private static void Trim(SyncList list, long beforeMs)
    {
        while (list.Count > Max || (list.Count > 1 && list.AtMs(1) < beforeMs - SilentMs))
            list.RemoveFirst();
    }

    /// <param name="clockOffsetMs">The console's clock minus the node's.</param>
    public void Add(string node, ProxyReading reading, long clockOffsetMs, long nowMs)
    {
        ArgumentNullException.ThrowIfNull(reading);
        lock (_lock)
            Add(node, Of(node), reading, clockOffsetMs, nowMs);
    }

    private void Add(string node, NodeSyncs syncs, ProxyReading reading, long clockOffsetMs, long nowMs)
    {
        if (nowMs >= syncs.ReadMs)
            (syncs.ReadMs, syncs.Answers) = (nowMs, reading.Answers);
        if (!reading.Answers || !(reading.LastSync > 0) || reading.LastSync > 1e11)
            return;
        long atMs = (long)(reading.LastSync * 1000) + clockOffsetMs;
        long readMs = reading.AtMs + clockOffsetMs;
        if (atMs > readMs + LiveWindow.MaxAheadMs)
            return;
        long lengthMs = double.IsFinite(reading.SyncP99) ? (long)Math.Clamp(reading.SyncP99 * 1000, 0, 600_000) : 1_000;
        long coversMs = atMs - lengthMs;
        if (reading.EndpointChangesPending > 0)
            syncs.HeldBackMs = atMs;
        // A pending change may be the one in question: kube-proxy had then not received it earlier.
        if (atMs == syncs.HeldBackMs)
            coversMs -= WatchSkewMs;
        // Nothing was queued after it, nothing is pending, and a sync running in between would have ended by now.
        else if (reading.LastQueued > 0 && reading.LastQueued <= reading.LastSync && readMs >= atMs + lengthMs)
            coversMs = Math.Max(coversMs, (long)(reading.LastQueued * 1000) + clockOffsetMs);
        Put(node, syncs, new RulesSync(atMs, coversMs, nowMs, double.IsFinite(reading.SyncP99) ? reading.SyncP99 : 0));
    }

    /// <summary>Restores syncs that an earlier run saved.</summary>
    public void Restore(IEnumerable<(string Node, RulesSync Sync)> saved)
    {
        ArgumentNullException.ThrowIfNull(saved);
        lock (_lock)
        {
            foreach (var (node, sync) in saved)
            {
                Put(node, Of(node), sync);
                _dirty.Clear();
            }
        }
    }

    public List<(string Node, RulesSync Sync)> DrainDirty()
    {
        lock (_lock)
        {
            List<(string, RulesSync)> taken = [.. _dirty.Select(u => (u.Key.Node, u.Value))];
            _dirty.Clear();
            return taken;
        }
    }

    public void Requeue(IEnumerable<(string Node, RulesSync Sync)> syncs)
    {
        lock (_lock)
        {
            foreach (var (node, sync) in syncs)
                _dirty.TryAdd((node, sync.AtMs), sync);
            LimitUnsaved();
        }
    }

    /// <summary>The first sync of a node that wrote a change of <paramref name="changedMs"/> to the rules, or why that is unknown.</summary>
    /// <param name="notBeforeMs">If the change was not observed: it happened after this, and at the latest at that time.</param>
    public NodeSync After(string node, long changedMs, long nowMs, long? notBeforeMs = null)
    {
        lock (_lock)
            return Find(node, changedMs, nowMs, notBeforeMs);
    }

    private NodeSync Find(string node, long changedMs, long nowMs, long? notBeforeMs)
    {
        if (!_nodes.TryGetValue(node, out var syncs) || syncs.ReadMs == 0 && syncs.List.Count == 0)
            return new NodeSync(node, null) { Unknown = $"No collector on {node} has reported kube-proxy metrics." };
        // Memory starts later: the first sync in it would be one of many since.
        if (changedMs < Math.Max(_fromMs, nowMs - LiveWindow.HorizonMs))
            return new NodeSync(node, null) { Unknown = "Older than the syncs in memory." };
        long wanted = changedMs - WatchSkewMs;
        for (int at = syncs.List.From(wanted); at < syncs.List.Count; at++)
        {
            if (syncs.List.CoversMs(at) < wanted)
                continue;
            // The oldest sync was first read long after the change: others preceded it.
            return at == 0 && syncs.List.SeenMs(0) > changedMs + SilentMs
                ? new NodeSync(node, null) { Unknown = $"The kube-proxy of {node} was not read at that time." }
                : new NodeSync(node, syncs.List.AtMs(at));
        }

        return syncs switch
        {
            { Answers: false, ReadMs: > 0 } => new NodeSync(node, null) { Unknown = $"The kube-proxy of {node} does not respond (127.0.0.1:10249/metrics)." },
            _ when nowMs - syncs.ReadMs > SilentMs => new NodeSync(node, null) { Unknown = $"The kube-proxy of {node} has not been read since." },
            // On an idle cluster nothing is synced after it, although it may be in the rules for long.
            _ when notBeforeMs is { } fromMs && syncs.List.Count > 0 && syncs.List.AtMs(syncs.List.Count - 1) >= fromMs - WatchSkewMs =>
                new NodeSync(node, null) { Unknown = "The endpoint changed while the console was not watching: the last sync may have been before it or after it." },
            _ => new NodeSync(node, null),
        };
    }

    private NodeSyncs Of(string node)
    {
        if (!_nodes.TryGetValue(node, out var syncs))
            _nodes[node] = syncs = new NodeSyncs();
        return syncs;
    }

    private void Put(string node, NodeSyncs syncs, RulesSync sync)
    {
        var list = syncs.List;
        int at = list.From(sync.AtMs);
        if (at < list.Count && list.AtMs(at) == sync.AtMs)
        {
            if (list.CoversMs(at) >= sync.CoversMs)
                return;
            list.Cover(at, sync.CoversMs);
            // It is stored as it was first read.
            sync = _dirty.TryGetValue((node, sync.AtMs), out var unsaved) ? unsaved with { CoversMs = sync.CoversMs } : sync with { SeenMs = list.SeenMs(at) };
        }
        else
        {
            list.Insert(at, sync.AtMs, sync.CoversMs, sync.SeenMs);
            Trim(list, syncs.ReadMs - LiveWindow.HorizonMs);
        }

        _dirty[(node, sync.AtMs)] = sync;
        LimitUnsaved();
    }

    // A quarter at once: finding the oldest means to look at all of them.
    private void LimitUnsaved()
    {
        if (_dirty.Count <= MaxUnsaved)
            return;
        var oldest = _dirty.Keys.OrderBy(key => key.AtMs).Take(_dirty.Count - MaxUnsaved + (MaxUnsaved / 4)).ToList();
        foreach (var key in oldest)
            _dirty.Remove(key);
        Lost += oldest.Count;
    }

    private sealed class NodeSyncs
    {
        /// <summary>Ordered by end.</summary>
        public SyncList List { get; } = new();

        public long ReadMs { get; set; }

        /// <summary>The last sync that was reported with a change pending for the next one.</summary>
        public long HeldBackMs { get; set; }

        public bool Answers { get; set; }
    }
}
