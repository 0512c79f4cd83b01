using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Cluster.Model;

/// <summary>A slice's addresses, sorted for binary search, each with the index of its endpoint.</summary>
internal sealed class SliceAddresses
{
    private readonly Ip[] _ips;
    private readonly int[] _places;

    public SliceAddresses(SliceInfo slice)
    {
        Slice = slice;
        var ips = new List<Ip>(slice.Endpoints.Count);
        var places = new List<int>(slice.Endpoints.Count);
        for (int i = 0; i < slice.Endpoints.Count && !slice.IsFqdn; i++)
        {
            foreach (var ip in slice.Endpoints[i].Addresses)
            {
                ips.Add(ip);
                places.Add(i);
            }
        }

        (_ips, _places) = ([.. ips], [.. places]);
        Array.Sort(_ips, _places);
    }

    public SliceInfo Slice { get; }

    public ReadOnlySpan<Ip> Ips => _ips;

    public bool Contains(Ip ip) => Array.BinarySearch(_ips, ip) >= 0;

    /// <summary>The slice's endpoint for an address; the best condition if the slice contains it twice.</summary>
    public SliceEndpoint? At(Ip ip)
    {
        int found = Array.BinarySearch(_ips, ip);
        if (found < 0)
            return null;
        while (found > 0 && _ips[found - 1] == ip)
            found--;
        SliceEndpoint? best = null;
        for (; found < _ips.Length && _ips[found] == ip; found++)
            best = Better(best, Slice.Endpoints[_places[found]]);
        return best;
    }

    /// <summary>Prefers a ready endpoint to one that is only serving, and that to one that is neither.</summary>
    public static SliceEndpoint Better(SliceEndpoint? one, SliceEndpoint other) => one is null || Rank(other) > Rank(one) ? other : one;

    private static int Rank(SliceEndpoint endpoint) => (endpoint.Ready ? 4 : 0) + (endpoint.Serving ? 2 : 0) + (endpoint.Terminating ? 0 : 1);
}
