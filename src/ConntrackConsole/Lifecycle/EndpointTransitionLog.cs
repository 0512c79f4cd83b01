

using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Lifecycle;

/// <summary>How a pod's endpoint went, as its slices told it: only of endpoints that are on their way out or gone.</summary>
internal sealed class EndpointTransition
{
    public ServiceKey? Service { get; set; }

    /// <summary>First seen not ready after it was ready; null where it never was, or left without a word.</summary>
    public long? NotReadyMs { get; set; }

    public long? TerminatingMs { get; set; }

    /// <summary>It left the last slice.</summary>
    public long? RemovedMs { get; set; }

    /// <summary>While nobody watched: an instant within it came out of a list, and is no later than it stands.</summary>
    public TimeRange? Unwatched { get; set; }

    internal List<Ip> Ips { get; } = [];
}

/// <summary>
/// The endpoints' side of an ending, from the slices alone: whether a pod's own watch speaks sooner or later makes no
/// difference. An endpoint that is ready again is forgotten: what is kept is bounded by what is wrong.
/// </summary>
internal sealed class EndpointTransitionLog
{
    public const int Max = 50_000;

    private readonly Dictionary<string, EndpointTransition> _byPod = [];
    private readonly Queue<string> _order = new();

    public EndpointTransition? Of(string podUid) => _byPod.GetValueOrDefault(podUid);

    /// <param name="listed">It comes from a list: since when nobody watched.</param>
    /// <returns>The pods of which something else is known now.</returns>
    public List<string> Follow(ClusterMap before, ClusterMap after, SliceInfo slice, long nowMs, TimeRange? listed)
    {
        var was = ByPod(before.Slices.GetValueOrDefault(slice.Uid));
        var now = ByPod(after.Slices.GetValueOrDefault(slice.Uid));
        var changed = new List<string>();
        foreach (var (pod, endpoint) in was)
        {
            var next = now.GetValueOrDefault(pod);
            if (next is null || !Same(endpoint, next))
                Take(after, slice, pod, endpoint, next, nowMs, listed, changed);
        }

        foreach (var (pod, endpoint) in now)
        {
            if (!was.ContainsKey(pod))
                Take(after, slice, pod, null, endpoint, nowMs, listed, changed);
        }

        return changed;
    }

    private void Take(ClusterMap after, SliceInfo slice, string pod, SliceEndpoint? was, SliceEndpoint? now, long nowMs, TimeRange? listed, List<string> changed)
    {
        var trace = _byPod.GetValueOrDefault(pod);
        var named = Named(after, pod, trace, was ?? now!);
        if (named.Count > 0 && named.All(e => e is { Ready: true, Terminating: false }))
        {
            if (_byPod.Remove(pod))
                changed.Add(pod);
            return;
        }

        if (trace is null)
        {
            _byPod[pod] = trace = new EndpointTransition();
            _order.Enqueue(pod);
            // Those that became ready again stand in the order still.
            while (_byPod.Count > Max || _order.Count > 4 * Max)
                _byPod.Remove(_order.Dequeue());
        }

        foreach (var ip in (was ?? now!).Addresses.Where(ip => !trace.Ips.Contains(ip)))
            trace.Ips.Add(ip);
        // The first by name, whichever of several Services spoke first.
        if (slice.Service is { } service && (trace.Service is not { } known || Compare(service, known) < 0))
            trace.Service = service;
        var told = (trace.NotReadyMs, trace.TerminatingMs, trace.RemovedMs);
        // In a list one slice may say already what another will say in a moment: it had happened by then.
        bool turned = was is { Ready: true } ? now is { Ready: false } : listed is not null && named.Any(e => e.Ready) && named.Any(e => !e.Ready);
        if (turned)
            trace.NotReadyMs ??= nowMs;
        if (now is { Terminating: true })
            trace.TerminatingMs ??= nowMs;
        trace.RemovedMs = named.Count > 0 ? null : trace.RemovedMs ?? nowMs;
        if (listed is { } blind && told != (trace.NotReadyMs, trace.TerminatingMs, trace.RemovedMs))
            trace.Unwatched = new TimeRange(Math.Min(trace.Unwatched?.FromMs ?? blind.FromMs, nowMs), nowMs);
        changed.Add(pod);
    }

    /// <summary>The first by name of the Services whose slices name a pod now.</summary>
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

    // All that the slices still say of the pod, over its address families.
    private static List<SliceEndpoint> Named(ClusterMap map, string pod, EndpointTransition? trace, SliceEndpoint endpoint)
    {
        var ips = endpoint.Addresses.Concat(trace?.Ips ?? []).Concat(map.Pods.GetValueOrDefault(pod)?.Ips ?? []).Distinct();
        return [.. ips.SelectMany(map.EndpointsAt).Select(e => e.SliceEndpoint).Where(e => e.PodUid == pod)];
    }

    private static Dictionary<string, SliceEndpoint> ByPod(SliceInfo? slice)
    {
        // A slice has up to a hundred: growing step by step would cost twice as much again.
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
