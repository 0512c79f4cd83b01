
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Ownership;

/// <summary>The first list of a run, joined to what the run before it saw.</summary>
public sealed partial class OwnershipHistory
{
    private void BeginOwners(ClusterMap map, long awayMs, long nowMs)
    {
        foreach (var open in _owners.All.Where(s => s.ToMs is null).ToList())
        {
            var owner = map.OwnerOf(open.Ip);
            if (!Holds(owner.State) || !IsSame(open, owner))
                CloseOwner(open.Ip, Math.Max(awayMs, open.FromMs), Unseen.End);
        }

        // Those that ended first: an address is its present owner's only since then.
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
                    BeginOwner(ip, map.OwnerOf(ip), awayMs, null, nowMs);
            }
        }

        foreach (var pod in map.Pods.Values)
        {
            foreach (var ip in PodIndex.OwnAddresses(pod))
            {
                if (_owners.Open(ip) is null && map.OwnerOf(ip) is { Pod: { } owner } ownership)
                    BeginOwner(ip, ownership, Math.Max(awayMs, owner.CreatedMs), SinceMs(map, ownership, owner), nowMs);
            }
        }
    }

    // Of one that terminates or is lost the objects say since when; before that it ran.
    private static long? SinceMs(ClusterMap map, AddressOwnership owner, PodInfo pod) => owner.State switch
    {
        OwnerState.Terminating => pod.AskedMs,
        OwnerState.Lost => map.Nodes.GetValueOrDefault(pod.Node)?.ReadySinceMs,
        _ => null,
    };

    private void BeginOwner(Ip ip, AddressOwnership owner, long fromMs, long? sinceMs, long nowMs)
    {
        var last = _owners.LastUntil(ip, long.MaxValue);
        fromMs = Math.Min(Math.Max(fromMs, last?.ToMs ?? 0), nowMs);
        if (owner.State is OwnerState.Terminating or OwnerState.Lost)
        {
            long turnedMs = Math.Clamp(sinceMs ?? nowMs, fromMs, nowMs);
            // The span of an earlier run stands where it ended; what it was from then to its turn follows from it.
            if (turnedMs > fromMs)
                AddOwner(SpanOf(ip, owner, fromMs) with { State = OwnerState.Live, ToMs = turnedMs, Unseen = Unseen.Begin });
            fromMs = turnedMs;
        }

        AddOwner(SpanOf(ip, owner, fromMs) with { Unseen = Unseen.Begin });
    }

    private void BeginServices(ClusterMap map, long awayMs, long nowMs)
    {
        foreach (var open in _services.All.Where(s => s.ToMs is null).ToList())
        {
            if (!map.Services.TryGetValue(open.Key, out var service) || !IsSame(open, service))
                CloseService(open.Key, Math.Max(awayMs, open.FromMs), Unseen.End);
        }

        foreach (var service in map.Services.Values)
        {
            if (_services.Open(service.Key) is null)
                AddService(SpanOf(service, Math.Min(Math.Max(awayMs, service.CreatedMs), nowMs)) with { Unseen = Unseen.Begin });
        }
    }

    private void BeginEndpoints(ClusterMap map, long awayMs, long nowMs)
    {
        foreach (var open in _endpoints.All.Where(s => s.ToMs is null).ToList())
        {
            if (map.EndpointOf(open.Service, open.Ip) is not { } said || !IsSame(open, said))
                CloseEndpoint(open.Service, open.Ip, Math.Max(awayMs, open.FromMs), Unseen.End);
        }

        foreach (var slice in map.Slices.Values)
        {
            if (slice.Service is not { } service || map.SliceIndex.AddressesOf(slice.Uid) is not { } addresses)
                continue;
            foreach (var ip in addresses.Ips)
            {
                if (_endpoints.Open((service, ip)) is not null || map.EndpointOf(service, ip) is not { } said)
                    continue;
                // No endpoint is older than its pod; when it became ready the slices do not say.
                long madeMs = said.PodUid is { } uid ? map.Pods.GetValueOrDefault(uid)?.CreatedMs ?? 0 : 0;
                AddEndpoint(SpanOf(service, ip, said, Math.Min(Math.Max(awayMs, madeMs), nowMs)) with { Unseen = Unseen.Begin });
            }
        }
    }
}
