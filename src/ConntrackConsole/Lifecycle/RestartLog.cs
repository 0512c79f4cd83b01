using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Lifecycle.Evidence;

namespace ConntrackConsole.Lifecycle;

/// <summary>Tracks restarts in pods that live on. Keeps the newest <see cref="Max"/>.</summary>
internal sealed class RestartLog
{
    public const int Max = 5_000;

    // A restart that a list shows is reported if it is at most this old: it may have happened while the console was not watching.
    private const long MaxListedAgeMs = 3_600_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, PodRestart> _byId = [];
    private readonly Queue<string> _order = new();
    private readonly Dictionary<string, PodRestart> _dirty = [];
    private volatile PodRestart[]? _snapshot = [];

    // Pods that lost their address and have not ended, as they were before.
    private readonly Dictionary<string, PodInfo> _withoutAddress = [];

    /// <summary>Oldest first.</summary>
    public IReadOnlyList<PodRestart> Current
    {
        get
        {
            if (_snapshot is { } snapshot)
                return snapshot;
            lock (_lock)
                return _snapshot = [.. _byId.Values.OrderBy(r => r.AtMs)];
        }
    }

    /// <summary>Restores what an earlier run saved.</summary>
    public void Restore(IEnumerable<PodRestart> saved)
    {
        lock (_lock)
        {
            foreach (var restart in saved)
                Store(restart);
            _dirty.Clear();
        }
    }

    public List<PodRestart> DrainDirty()
    {
        lock (_lock)
        {
            List<PodRestart> taken = [.. _dirty.Values];
            _dirty.Clear();
            return taken;
        }
    }

    /// <summary>Requeues restarts that could not be written.</summary>
    public void Requeue(IEnumerable<PodRestart> restarts)
    {
        lock (_lock)
        {
            foreach (var restart in restarts)
                _dirty.TryAdd(restart.Id, restart);
        }
    }

    /// <param name="isListed">The change comes from a list and not from a watch.</param>
    public void Follow(ClusterMap before, ClusterMap after, PodInfo pod, long nowMs, bool isListed)
    {
        var known = before.Pods.GetValueOrDefault(pod.Uid);
        if (pod.Restarted.Count == 0 && (known is null || (known.Ips.Count == pod.Ips.Count && known.Ips.SequenceEqual(pod.Ips))))
            return;
        lock (_lock)
        {
            foreach (var container in pod.Restarted)
                FollowContainer(after, pod, known, container, nowMs, isListed);
            FollowSandbox(before, pod, known, nowMs);
        }
    }

    // A node that restarts creates the sandboxes of its pods again; the object may be without an address in between.
    private void FollowSandbox(ClusterMap before, PodInfo pod, PodInfo? known, long nowMs)
    {
        if (known is null or { HostNetwork: true } || pod.ContainersEnded)
            return;
        var former = known.Ips.Count > 0 ? known : _withoutAddress.GetValueOrDefault(pod.Uid);
        if (pod.Ips.Count == 0)
        {
            if (former is not null && _withoutAddress.Count < Max)
                _withoutAddress[pod.Uid] = former;
            return;
        }

        _withoutAddress.Remove(pod.Uid);
        if (former is null || pod.Ips.Any(former.Ips.Contains))
            return;
        int count = 1 + _byId.Values.Count(r => r.Uid == pod.Uid && r.Container.Length == 0);
        Store(new PodRestart(pod.Uid, pod.Namespace, pod.Name, pod.Node, ServiceOf(before, former), "", count, nowMs, null, null) { FormerIp = former.Ip, Ip = pod.Ip });
    }

    private void FollowContainer(ClusterMap map, PodInfo pod, PodInfo? known, RestartedContainer container, long nowMs, bool isListed)
    {
        if (known is null)
        {
            // First seen: only a list can show a restart that was missed.
            if (!isListed || container.EndedMs is not { } endedMs || endedMs < nowMs - MaxListedAgeMs)
                return;
        }
        else if (known.Restarted.FirstOrDefault(c => c.Name == container.Name) is { } former && former.Count >= container.Count)
        {
            return;
        }

        Store(new PodRestart(
            pod.Uid, pod.Namespace, pod.Name, pod.Node, ServiceOf(map, pod), container.Name, container.Count, container.EndedMs ?? nowMs, container.ExitCode, container.Reason)
        {
            Ip = pod.Ip,
        });
    }

    private static ServiceKey? ServiceOf(ClusterMap map, PodInfo pod) => EndpointTransitionLog.ServiceOf(map, pod);

    private void Store(PodRestart restart)
    {
        if (!_byId.TryAdd(restart.Id, restart))
            return;
        _order.Enqueue(restart.Id);
        while (_order.Count > Max)
            _byId.Remove(_order.Dequeue());
        _dirty[restart.Id] = restart;
        _snapshot = null;
    }
}
