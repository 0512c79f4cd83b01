using System.Collections.Immutable;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Cluster.Model;

/// <summary>EndpointSlices by uid, by Service and by address.</summary>
internal sealed record SliceIndex
{
    public static readonly SliceIndex Empty = new();

    public ImmutableDictionary<string, SliceInfo> All { get; private init; } = ImmutableDictionary<string, SliceInfo>.Empty;

    private ImmutableDictionary<string, SliceAddresses> Addresses { get; init; } = ImmutableDictionary<string, SliceAddresses>.Empty;
    private ImmutableDictionary<ServiceKey, SmallList<string>> ByService { get; init; } = ImmutableDictionary<ServiceKey, SmallList<string>>.Empty;
    private ImmutableDictionary<Ip, SmallList<string>> ByIp { get; init; } = ImmutableDictionary<Ip, SmallList<string>>.Empty;

    public SliceAddresses? AddressesOf(string uid) => Addresses.GetValueOrDefault(uid);

    public IEnumerable<SliceInfo> Of(ServiceKey service)
    {
        var uids = ByService.Of(service);
        for (int i = 0; i < uids.Count; i++)
            yield return All[uids[i]];
    }

    public IEnumerable<(SliceInfo Slice, SliceEndpoint SliceEndpoint)> At(Ip ip)
    {
        var uids = ByIp.Of(ip);
        for (int i = 0; i < uids.Count; i++)
        {
            var addresses = Addresses[uids[i]];
            if (addresses.At(ip) is { } endpoint)
                yield return (addresses.Slice, endpoint);
        }
    }

    /// <summary>The endpoint for an address in a Service's slices; the best condition if several contain it.</summary>
    public SliceEndpoint? At(ServiceKey service, Ip ip)
    {
        // By address first: an address is in few slices, while a large Service has many.
        var uids = ByIp.Of(ip);
        SliceEndpoint? best = null;
        for (int i = 0; i < uids.Count; i++)
        {
            var addresses = Addresses[uids[i]];
            if (addresses.Slice.Service == service && addresses.At(ip) is { } endpoint)
                best = SliceAddresses.Better(best, endpoint);
        }

        return best;
    }

    public bool IsServing(Ip ip)
    {
        var uids = ByIp.Of(ip);
        for (int i = 0; i < uids.Count; i++)
        {
            if (Addresses[uids[i]].At(ip) is { Serving: true })
                return true;
        }

        return false;
    }

    /// <summary>Whether a slice names a pod as a serving endpoint of an address.</summary>
    public bool IsServing(Ip ip, string podUid)
    {
        foreach (var (slice, _) in At(ip))
        {
            foreach (var endpoint in slice.Endpoints)
            {
                if (endpoint.Serving && endpoint.PodUid == podUid && endpoint.Addresses.Contains(ip))
                    return true;
            }
        }

        return false;
    }

    public SliceIndex With(SliceInfo slice)
    {
        var old = Addresses.GetValueOrDefault(slice.Uid);
        var now = new SliceAddresses(slice);
        var byService = ByService;
        if (old?.Slice.Service is { } former && former != slice.Service)
            byService = byService.Removing(former, slice.Uid);
        if (slice.Service is { } service && old?.Slice.Service != service)
            byService = byService.Adding(service, slice.Uid);
        return new SliceIndex
        {
            All = All.SetItem(slice.Uid, slice), Addresses = Addresses.SetItem(slice.Uid, now), ByService = byService, ByIp = Moved(slice.Uid, old, now),
        };
    }

    public SliceIndex Without(SliceInfo slice)
    {
        if (Addresses.GetValueOrDefault(slice.Uid) is not { } old)
            return this;
        return new SliceIndex
        {
            All = All.Remove(slice.Uid), Addresses = Addresses.Remove(slice.Uid), ByIp = Moved(slice.Uid, old, null),
            ByService = old.Slice.Service is { } service ? ByService.Removing(service, slice.Uid) : ByService,
        };
    }

    // A slice with a hundred endpoints is sent again for every endpoint that changes: only added and removed addresses are updated.
    private ImmutableDictionary<Ip, SmallList<string>> Moved(string uid, SliceAddresses? old, SliceAddresses? now)
    {
        var byIp = ByIp;
        foreach (var ip in old is null ? [] : old.Ips)
        {
            if (now is null || !now.Contains(ip))
                byIp = byIp.Removing(ip, uid);
        }

        foreach (var ip in now is null ? [] : now.Ips)
        {
            if (old is null || !old.Contains(ip))
                byIp = byIp.Adding(ip, uid);
        }

        return byIp;
    }
}
