using ConntrackConsole.Cluster.Model;

namespace ConntrackConsole.Lifecycle.Evidence;

/// <summary>A reduction of a workload's desired replicas.</summary>
/// <param name="ToMs">When the replicas were no longer above the desired count; null while they still are.</param>
internal sealed record ScaleDown(long FromMs, long? ToMs, int Before, int After);

/// <summary>Tracks which workloads were scaled down or deleted, which terminates their pods. Bounded; the oldest are dropped first.</summary>
internal sealed class ScaleDownLog
{
    /// <summary>Watches have no order between them: two may report the same change this far apart.</summary>
    public const long SlackMs = 2_000;

    private const int MaxWorkloads = 10_000;
    private const int MaxPerWorkload = 8;

    private readonly Dictionary<string, List<ScaleDown>> _scaleDowns = [];
    private readonly Queue<string> _order = new();
    private readonly Dictionary<string, (WorkloadInfo Last, long AtMs)> _deleted = [];
    private readonly Queue<string> _deletedOrder = new();

    public WorkloadInfo? Former(string uid) => _deleted.TryGetValue(uid, out var former) ? former.Last : null;

    public long? DeletedMs(string uid) => _deleted.TryGetValue(uid, out var former) ? former.AtMs : null;

    /// <summary>
    /// The scale-down that was in progress within a time range, or the nearest to it: in a quick rollout several lie within the
    /// slack, and each deletes other pods.
    /// </summary>
    public ScaleDown? ScaleDownAt(string uid, TimeRange at)
    {
        ScaleDown? nearest = null;
        foreach (var scaleDown in _scaleDowns.GetValueOrDefault(uid) ?? [])
        {
            if (Distance(scaleDown, at) is var distance && distance <= SlackMs && (nearest is null || distance <= Distance(nearest, at)))
                nearest = scaleDown;
        }

        return nearest;
    }

    private static long Distance(ScaleDown scaleDown, TimeRange at) =>
        Math.Max(0, Math.Max(scaleDown.FromMs - at.ToMs, at.FromMs - (scaleDown.ToMs ?? at.ToMs)));

    /// <returns>True if the change can affect the cause of a termination.</returns>
    public bool Follow(WorkloadInfo? before, WorkloadInfo now, bool deleted, long nowMs)
    {
        // A foreground deletion marks the workload, deletes its pods, and removes the object last.
        if (deleted || now.DeletionMs is not null)
        {
            bool isNew = _deleted.TryAdd(now.Uid, (now, nowMs));
            if (isNew)
                _deletedOrder.Enqueue(now.Uid);
            while (_deletedOrder.Count > MaxWorkloads)
                _deleted.Remove(_deletedOrder.Dequeue());
            return deleted || isNew;
        }

        bool isReduced = before is null
            // First seen during a scale-down; a Deployment has more than the desired replicas in every rollout.
            ? now.Kind != WorkloadKind.Deployment && now.Replicas > now.Desired
            : now.Desired < before.Desired;
        var scaleDowns = _scaleDowns.GetValueOrDefault(now.Uid);
        if (scaleDowns is null && !isReduced)
            return false;
        if (scaleDowns is null)
        {
            _scaleDowns[now.Uid] = scaleDowns = [];
            _order.Enqueue(now.Uid);
            while (_order.Count > MaxWorkloads)
                _scaleDowns.Remove(_order.Dequeue());
        }

        bool isAboveDesired = now.Kind != WorkloadKind.Deployment && now.Replicas > now.Desired;
        if (isReduced)
        {
            scaleDowns.Add(new ScaleDown(nowMs, isAboveDesired ? null : nowMs, before?.Desired ?? now.Replicas, now.Desired));
            if (scaleDowns.Count > MaxPerWorkload)
                scaleDowns.RemoveAt(0);
            return true;
        }

        bool hasEnded = false;
        for (int i = 0; i < scaleDowns.Count && !isAboveDesired; i++)
        {
            if (scaleDowns[i].ToMs is null)
            {
                scaleDowns[i] = scaleDowns[i] with { ToMs = nowMs };
                hasEnded = true;
            }
        }

        return hasEnded;
    }
}
