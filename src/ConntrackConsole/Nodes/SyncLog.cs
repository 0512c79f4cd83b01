using ConntrackConsole.Wire;

namespace ConntrackConsole.Nodes;

/// <summary>A sync of a node's kube-proxy, in our clock.</summary>
/// <param name="AtMs">Its end.</param>
/// <param name="CoversMs">What kube-proxy had heard of before this moment is in the rules that it wrote.</param>
/// <param name="SeenMs">When it was first read.</param>
public sealed record RulesSync(long AtMs, long CoversMs, long SeenMs, double P99);

/// <summary>
/// What each node's kube-proxy told of its syncs. It is asked every few seconds and tells only its last one: what is found
/// here is no earlier than the truth, by so much at most. Not safe for several threads: the timeline holds its lock.
/// </summary>
internal sealed class SyncLog
{
    /// <summary>Most syncs that are kept for a node: over an hour at one a second.</summary>
    public const int Max = 4_096;

    /// <summary>kube-proxy and the console hear of a change by watches of their own: so much sooner may it have heard.</summary>
    public const long HeardSoonerMs = 200;

    // A kube-proxy that was not read for so long does not answer.
    private const long SilentMs = 30_000;

    private readonly Dictionary<string, NodeSyncs> _nodes = [];
    private readonly Dictionary<(string Node, long AtMs), RulesSync> _unsaved = [];

    /// <param name="clockOffsetMs">Our clock minus the node's.</param>
    public void Add(string node, ProxyReading told, long clockOffsetMs, long nowMs)
    {
        ArgumentNullException.ThrowIfNull(told);
        var syncs = Of(node);
        if (nowMs >= syncs.ReadMs)
            (syncs.ReadMs, syncs.Answers) = (nowMs, told.Answers);
        if (!told.Answers || !(told.LastSync > 0) || told.LastSync > 1e11)
            return;
        long atMs = (long)(told.LastSync * 1000) + clockOffsetMs;
        long readMs = told.AtMs + clockOffsetMs;
        if (atMs > readMs + LiveWindow.MaxAheadMs)
            return;
        long lengthMs = double.IsFinite(told.SyncP99) ? (long)Math.Clamp(told.SyncP99 * 1000, 0, 600_000) : 1_000;
        long coversMs = atMs - lengthMs;
        if (told.EndpointChangesPending > 0)
            syncs.HeldBackMs = atMs;
        // A change that it does not have may be the very one that is asked for: kube-proxy had not heard of that sooner.
        if (atMs == syncs.HeldBackMs)
            coversMs -= HeardSoonerMs;
        // Nothing was queued after it and nothing waits, and one that ran meanwhile would have ended by now.
        else if (told.LastQueued > 0 && told.LastQueued <= told.LastSync && readMs >= atMs + lengthMs)
            coversMs = Math.Max(coversMs, (long)(told.LastQueued * 1000) + clockOffsetMs);
        Put(node, syncs, new RulesSync(atMs, coversMs, nowMs, double.IsFinite(told.SyncP99) ? told.SyncP99 : 0));
    }

    /// <summary>What an earlier run saved.</summary>
    public void Restore(string node, RulesSync sync)
    {
        Put(node, Of(node), sync);
        _unsaved.Clear();
    }

    public List<(string Node, RulesSync Sync)> TakeUnsaved()
    {
        List<(string, RulesSync)> taken = [.. _unsaved.Select(u => (u.Key.Node, u.Value))];
        _unsaved.Clear();
        return taken;
    }

    public void KeepUnsaved(IEnumerable<(string Node, RulesSync Sync)> syncs)
    {
        foreach (var (node, sync) in syncs)
            _unsaved.TryAdd((node, sync.AtMs), sync);
    }

    /// <summary>The first sync of a node that had a change of <paramref name="changedMs"/> in its rules, or why that is not known.</summary>
    public NodeSync After(string node, long changedMs, long nowMs)
    {
        if (!_nodes.TryGetValue(node, out var syncs) || syncs.ReadMs == 0 && syncs.List.Count == 0)
            return new NodeSync(node, null) { Unknown = $"No collector of {node} told of its kube-proxy." };
        // What is in memory begins later: its first sync would be one of many since.
        if (changedMs < nowMs - LiveWindow.HorizonMs)
            return new NodeSync(node, null) { Unknown = "Longer ago than the syncs in memory." };
        long wanted = changedMs - HeardSoonerMs;
        int low = 0, high = syncs.List.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (syncs.List[middle].AtMs < wanted)
                low = middle + 1;
            else
                high = middle;
        }

        for (; low < syncs.List.Count; low++)
        {
            if (syncs.List[low].CoversMs < wanted)
                continue;
            // The oldest that was ever read, and read long after: others came before it.
            return low == 0 && syncs.List[0].SeenMs > changedMs + SilentMs
                ? new NodeSync(node, null) { Unknown = $"Nothing was heard of the kube-proxy of {node} at that time." }
                : new NodeSync(node, syncs.List[low].AtMs);
        }

        return syncs switch
        {
            { Answers: false, ReadMs: > 0 } => new NodeSync(node, null) { Unknown = $"The kube-proxy of {node} does not answer (127.0.0.1:10249/metrics)." },
            _ when nowMs - syncs.ReadMs > SilentMs => new NodeSync(node, null) { Unknown = $"Nothing was heard of the kube-proxy of {node} since." },
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
        // Halved, not walked: an hour's frames may be read anew at once.
        int at = 0, end = list.Count;
        while (at < end)
        {
            int middle = (at + end) / 2;
            if (list[middle].AtMs <= sync.AtMs)
                at = middle + 1;
            else
                end = middle;
        }

        if (at > 0 && list[at - 1].AtMs == sync.AtMs)
        {
            var known = list[at - 1];
            if (known.CoversMs >= sync.CoversMs)
                return;
            sync = list[at - 1] = known with { CoversMs = sync.CoversMs };
        }
        else
        {
            list.Insert(at, sync);
            if (list.Count > Max)
                list.RemoveAt(0);
        }

        _unsaved[(node, sync.AtMs)] = sync;
    }

    private sealed class NodeSyncs
    {
        /// <summary>By their end.</summary>
        public List<RulesSync> List { get; } = [];

        public long ReadMs { get; set; }

        /// <summary>The last sync that was shown with a change held back for the next one.</summary>
        public long HeldBackMs { get; set; }

        public bool Answers { get; set; }
    }
}
