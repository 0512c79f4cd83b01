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
        SliceEndpoint? best = null;
        foreach (int place in PlacesOf(ip))
            best = Better(best, Slice.Endpoints[place]);
        return best;
    }

    /// <summary>The addresses with another condition, another pod or another Service in a later version of a slice; null = no slice.</summary>
    public static List<Ip> Changed(SliceAddresses? was, SliceAddresses? now)
    {
        var changed = new List<Ip>();
        bool moved = was?.Slice.Service != now?.Slice.Service;
        foreach (var ip in now is null ? [] : now.Ips)
        {
            if (moved || was is null || !HaveSame(was, now!, ip))
                changed.Add(ip);
        }

        foreach (var ip in was is null ? [] : was.Ips)
        {
            if (moved || now is null || !now.Contains(ip))
                changed.Add(ip);
        }

        return changed;

        // For a moment a slice may contain an address twice: of a pod that is gone, and of the one that has it now.
        static bool HaveSame(SliceAddresses was, SliceAddresses now, Ip ip)
        {
            ReadOnlySpan<int> before = was.PlacesOf(ip), after = now.PlacesOf(ip);
            bool same = before.Length == after.Length;
            for (int i = 0; same && i < before.Length; i++)
                same = IsSame(was.Slice.Endpoints[before[i]], now.Slice.Endpoints[after[i]]);
            return same;
        }

        static bool IsSame(SliceEndpoint one, SliceEndpoint other) =>
            (one.Ready, one.Serving, one.Terminating, one.PodUid) == (other.Ready, other.Serving, other.Terminating, other.PodUid);
    }

    private ReadOnlySpan<int> PlacesOf(Ip ip)
    {
        int from = Array.BinarySearch(_ips, ip);
        if (from < 0)
            return [];
        while (from > 0 && _ips[from - 1] == ip)
            from--;
        int to = from + 1;
        while (to < _ips.Length && _ips[to] == ip)
            to++;
        return _places.AsSpan(from, to - from);
    }

    /// <summary>Prefers a ready endpoint to one that is only serving, and that to one that is neither.</summary>
    public static SliceEndpoint Better(SliceEndpoint? one, SliceEndpoint other) => one is null || Rank(other) > Rank(one) ? other : one;

    private static int Rank(SliceEndpoint endpoint) => (endpoint.Ready ? 4 : 0) + (endpoint.Serving ? 2 : 0) + (endpoint.Terminating ? 0 : 1);
}
