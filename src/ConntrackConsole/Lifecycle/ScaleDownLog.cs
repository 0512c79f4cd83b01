using ConntrackConsole.Cluster.Model;

namespace ConntrackConsole.Lifecycle;

/// <summary>A workload came to want fewer pods.</summary>
/// <param name="ToMs">It had no more than it wanted; null while it still has.</param>
internal sealed record ScaleDown(long FromMs, long? ToMs, int Before, int After);

/// <summary>Which workloads came to want fewer pods, or went: what pods end of. Bounded, oldest first forgotten.</summary>
internal sealed class ScaleDownLog
{
    /// <summary>Two watches have no order between them: so far apart may they tell of one thing.</summary>
    public const long SlackMs = 2_000;

    private const int MaxWorkloads = 10_000;
    private const int MaxFalls = 8;

    private readonly Dictionary<string, List<ScaleDown>> _falls = [];
    private readonly Queue<string> _fallen = new();
    private readonly Dictionary<string, (WorkloadInfo Last, long AtMs)> _deleted = [];
    private readonly Queue<string> _deletedOrder = new();

    public WorkloadInfo? Former(string uid) => _deleted.TryGetValue(uid, out var former) ? former.Last : null;

    public long? DeletedMs(string uid) => _deleted.TryGetValue(uid, out var former) ? former.AtMs : null;

    /// <summary>The fall during which something happened.</summary>
    public ScaleDown? FallAt(string uid, TimeRange at) =>
        _falls.GetValueOrDefault(uid)?.FindLast(f => f.FromMs - SlackMs <= at.ToMs && (f.ToMs ?? at.ToMs) + SlackMs >= at.FromMs);

    /// <returns>Whether something is known now that decides about pods.</returns>
    public bool Follow(WorkloadInfo? before, WorkloadInfo now, bool deleted, long nowMs)
    {
        if (deleted)
        {
            if (_deleted.TryAdd(now.Uid, (now, nowMs)))
                _deletedOrder.Enqueue(now.Uid);
            while (_deletedOrder.Count > MaxWorkloads)
                _deleted.Remove(_deletedOrder.Dequeue());
            return true;
        }

        bool fewer = before is null
            // First seen in the middle of it; a Deployment has more than it wants in every rollout.
            ? now.Kind != WorkloadKind.Deployment && now.Replicas > now.Desired
            : now.Desired < before.Desired;
        var falls = _falls.GetValueOrDefault(now.Uid);
        if (falls is null && !fewer)
            return false;
        if (falls is null)
        {
            _falls[now.Uid] = falls = [];
            _fallen.Enqueue(now.Uid);
            while (_fallen.Count > MaxWorkloads)
                _falls.Remove(_fallen.Dequeue());
        }

        bool has = now.Kind != WorkloadKind.Deployment && now.Replicas > now.Desired;
        if (fewer)
        {
            falls.Add(new ScaleDown(nowMs, has ? null : nowMs, before?.Desired ?? now.Replicas, now.Desired));
            if (falls.Count > MaxFalls)
                falls.RemoveAt(0);
            return true;
        }

        bool ended = false;
        for (int i = 0; i < falls.Count && !has; i++)
        {
            if (falls[i].ToMs is null)
            {
                falls[i] = falls[i] with { ToMs = nowMs };
                ended = true;
            }
        }

        return ended;
    }
}
