using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Lifecycle.Evidence;

/// <summary>The transition of a pod's endpoint as reported by its slices; only for endpoints that are leaving or removed.</summary>
internal sealed class EndpointTransition
{
    public ServiceKey? Service { get; set; }

    /// <summary>First seen not ready after it was ready; null if it never was ready, or was removed without a transition.</summary>
    public long? NotReadyMs { get; set; }

    public long? TerminatingMs { get; set; }

    /// <summary>When it was removed from the last slice.</summary>
    public long? RemovedMs { get; set; }

    /// <summary>The range in which the console was not watching: a time within it came from a list and is an upper bound.</summary>
    public TimeRange? Unwatched { get; set; }

    internal List<Ip> Ips { get; } = [];
}

/// <summary>
/// Tracks the endpoint part of terminations from the slices alone, independent of when the pod watch reports. An endpoint
/// that becomes ready again is dropped, so the size is bounded by the number of endpoints that are not ready.
/// </summary>
internal sealed class EndpointTransitionLog
{
    public const int Max = 50_000;

    private readonly Dictionary<string, EndpointTransition> _byPod = [];
    private readonly Queue<string> _order = new();

    public EndpointTransition? Of(string podUid) => _byPod.GetValueOrDefault(podUid);

    /// <param name="listed">Set if the change comes from a list: the range in which the console was not watching.</param>
    /// <returns>The uids of the pods with a changed transition.</returns>
    public List<string> Follow(ClusterMap before, ClusterMap after, SliceInfo slice, long nowMs, TimeRange? listed)
    {
        var was = ByPod(before.Slices.GetValueOrDefault(slice.Uid));
        var now = ByPod(after.Slices.GetValueOrDefault(slice.Uid));
        var changed = new List<string>();
        foreach (var (pod, endpoint) in was)
        {
            var next = now.GetValueOrDefault(pod);
            if (next is null || !Same(endpoint, next))
                Observe(after, slice, pod, endpoint, next, nowMs, listed, changed);
        }

        foreach (var (pod, endpoint) in now)
        {
            if (!was.ContainsKey(pod))
                Observe(after, slice, pod, null, endpoint, nowMs, listed, changed);
        }

        return changed;
    }

    private void Observe(ClusterMap after, SliceInfo slice, string pod, SliceEndpoint? was, SliceEndpoint? now, long nowMs, TimeRange? listed, List<string> changed)
    {
        var transition = _byPod.GetValueOrDefault(pod);
        var conditions = ConditionsOf(after, pod, transition, was ?? now!);
        if (conditions.Count > 0 && conditions.All(e => e is { Ready: true, Terminating: false }))
        {
            if (_byPod.Remove(pod))
                changed.Add(pod);
            return;
        }

        if (transition is null)
        {
            _byPod[pod] = transition = new EndpointTransition();
            _order.Enqueue(pod);
            // The queue still contains pods that became ready again.
            while (_byPod.Count > Max || _order.Count > 4 * Max)
                _byPod.Remove(_order.Dequeue());
        }

        foreach (var ip in (was ?? now!).Addresses.Where(ip => !transition.Ips.Contains(ip)))
            transition.Ips.Add(ip);
        // The first Service by name, regardless of which one reported first.
        if (slice.Service is { } service && (transition.Service is not { } known || Compare(service, known) < 0))
            transition.Service = service;
        var former = (transition.NotReadyMs, transition.TerminatingMs, transition.RemovedMs);
        // Within a list, one slice may already show what another shows a moment later: it had already happened.
        bool becameNotReady = was is { Ready: true } ? now is { Ready: false } : listed is not null && conditions.Any(e => e.Ready) && conditions.Any(e => !e.Ready);
        if (becameNotReady)
            transition.NotReadyMs ??= nowMs;
        if (now is { Terminating: true })
            transition.TerminatingMs ??= nowMs;
        transition.RemovedMs = conditions.Count > 0 ? null : transition.RemovedMs ?? nowMs;
        if (listed is { } unwatched && former != (transition.NotReadyMs, transition.TerminatingMs, transition.RemovedMs))
            transition.Unwatched = new TimeRange(Math.Min(transition.Unwatched?.FromMs ?? unwatched.FromMs, nowMs), nowMs);
        changed.Add(pod);
    }

    /// <summary>The first Service, by name, with a slice that contains the pod now.</summary>
    public static ServiceKey? ServiceOf(ClusterMap map, PodInfo pod)
    {
        ServiceKey? first = null;
        foreach (var (slice, endpoint) in map.EndpointsAt(pod.Ip))
        {
            if (endpoint.PodUid == pod.Uid && slice.Service is { } service && (first is not { } known || Compare(service, known) < 0))
                first = service;
        }

        return first;
    }

    private static int Compare(ServiceKey a, ServiceKey b) => string.CompareOrdinal(a.ToString(), b.ToString());

    // All conditions that the slices still contain for the pod, over its address families.
    private static List<SliceEndpoint> ConditionsOf(ClusterMap map, string pod, EndpointTransition? transition, SliceEndpoint endpoint)
    {
        var ips = endpoint.Addresses.Concat(transition?.Ips ?? []).Concat(map.Pods.GetValueOrDefault(pod)?.Ips ?? []).Distinct();
        return [.. ips.SelectMany(map.EndpointsAt).Select(e => e.SliceEndpoint).Where(e => e.PodUid == pod)];
    }

    private static Dictionary<string, SliceEndpoint> ByPod(SliceInfo? slice)
    {
        // A slice has up to a hundred endpoints: growing the dictionary step by step would triple its cost.
        var byPod = new Dictionary<string, SliceEndpoint>(slice?.Endpoints.Count ?? 0);
        foreach (var endpoint in slice?.Endpoints ?? [])
        {
            if (endpoint.PodUid is { } uid)
                byPod[uid] = endpoint;
        }

        return byPod;
    }

    private static bool Same(SliceEndpoint a, SliceEndpoint b) =>
        a.Ready == b.Ready && a.Serving == b.Serving && a.Terminating == b.Terminating && a.Addresses.SequenceEqual(b.Addresses);
}
