using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Ownership;

/// <summary>Merges the first list of a run with the spans of the previous run.</summary>
internal sealed partial class OwnershipHistory
{
    private void BeginOwners(ClusterMap map, long lastWatchedMs, long nowMs)
    {
        foreach (var open in _owners.All.Where(s => s.ToMs is null).ToList())
        {
            var owner = map.OwnerOf(open.Ip);
            if (!Holds(owner.State) || !IsSame(open, owner))
                CloseOwner(open.Ip, Math.Max(lastWatchedMs, open.FromMs), Unseen.End);
        }

        // Ended pods first: the current owner has the address only since they ended.
        foreach (var pod in map.Pods.Values.Where(p => p.ContainersEnded).OrderBy(p => p.FinishedMs))
        {
            foreach (var ip in PodIndex.OwnAddresses(pod))
            {
                var last = _owners.LastUntil(ip, long.MaxValue);
                if (last is null || (last.PodUid != pod.Uid && last.ToMs < EndedMs(pod, nowMs)))
                    AddOwner(EndedSpan(ip, pod, nowMs));
            }
        }

        foreach (var node in map.Nodes.Values)
        {
            foreach (var ip in node.Addresses)
            {
                if (_owners.Open(ip) is null)
                    BeginOwner(ip, map.OwnerOf(ip), lastWatchedMs, null, nowMs);
            }
        }

        foreach (var pod in map.Pods.Values)
        {
            foreach (var ip in PodIndex.OwnAddresses(pod))
            {
                if (_owners.Open(ip) is null && map.OwnerOf(ip) is { Pod: { } owner } ownership)
                    BeginOwner(ip, ownership, Math.Max(lastWatchedMs, owner.CreatedMs), SinceMs(map, ownership, owner), nowMs);
            }
        }
    }

    // For a terminating or lost pod the objects contain the start of that state; before it the pod was live.
    private static long? SinceMs(ClusterMap map, AddressOwnership owner, PodInfo pod) => owner.State switch
    {
        OwnerState.Terminating => pod.DeletionRequestedMs,
        OwnerState.Lost => map.Nodes.GetValueOrDefault(pod.Node)?.ReadySinceMs,
        _ => null,
    };

    private void BeginOwner(Ip ip, AddressOwnership owner, long fromMs, long? sinceMs, long nowMs)
    {
        var last = _owners.LastUntil(ip, long.MaxValue);
        fromMs = Math.Min(Math.Max(fromMs, last?.ToMs ?? 0), nowMs);
        if (owner.State is OwnerState.Terminating or OwnerState.Lost)
        {
            long changedMs = Math.Clamp(sinceMs ?? nowMs, fromMs, nowMs);
            // The earlier run's span ends where that run stopped; the pod was live from then until its state changed.
            if (changedMs > fromMs)
                AddOwner(SpanOf(ip, owner, fromMs) with { State = OwnerState.Live, ToMs = changedMs, Unseen = Unseen.Begin });
            fromMs = changedMs;
        }

        var span = SpanOf(ip, owner, fromMs);
        AddOwner(span with { Unseen = span.Unseen | Unseen.Begin });
    }

    private void BeginServices(ClusterMap map, long lastWatchedMs, long nowMs)
    {
        foreach (var open in _services.All.Where(s => s.ToMs is null).ToList())
        {
            if (!map.Services.TryGetValue(open.Key, out var service) || !IsSame(open, service))
                CloseService(open.Key, Math.Max(lastWatchedMs, open.FromMs), Unseen.End);
        }

        foreach (var service in map.Services.Values)
        {
            if (_services.Open(service.Key) is null)
                AddService(SpanOf(service, Math.Min(Math.Max(lastWatchedMs, service.CreatedMs), nowMs)) with { Unseen = Unseen.Begin });
        }
    }

    private void BeginEndpoints(ClusterMap map, long lastWatchedMs, long nowMs)
    {
        foreach (var open in _endpoints.All.Where(s => s.ToMs is null).ToList())
        {
            if (map.EndpointOf(open.Service, open.Ip) is not { } endpoint || !IsSame(open, endpoint))
                CloseEndpoint(open.Service, open.Ip, Math.Max(lastWatchedMs, open.FromMs), Unseen.End);
        }

        foreach (var slice in map.Slices.Values)
        {
            if (slice.Service is not { } service || map.SliceIndex.AddressesOf(slice.Uid) is not { } addresses)
                continue;
            foreach (var ip in addresses.Ips)
            {
                if (_endpoints.Open((service, ip)) is not null || map.EndpointOf(service, ip) is not { } endpoint)
                    continue;
                // An endpoint is never older than its pod; the slices do not contain when it became ready.
                long createdMs = endpoint.PodUid is { } uid ? map.Pods.GetValueOrDefault(uid)?.CreatedMs ?? 0 : 0;
                AddEndpoint(SpanOf(service, ip, endpoint, Math.Min(Math.Max(lastWatchedMs, createdMs), nowMs)) with { Unseen = Unseen.Begin });
            }
        }
    }
}
