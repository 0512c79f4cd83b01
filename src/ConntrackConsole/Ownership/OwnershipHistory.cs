using System.Collections.Concurrent;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Ownership;

/// <summary>
/// Who owned which address when, which Service had which addresses, and which endpoints. Bounded: what still is so is
/// always here, of what ended the newest; the oldest is forgotten first, and counted. One writer (<see cref="ClusterState"/>
/// under its lock), readers without a lock. Times are of arrival, by the console's clock: the API server's may differ.
/// </summary>
public sealed partial class OwnershipHistory
{
    /// <summary>Who owned what when it was last looked.</summary>
    internal IEnumerable<OwnerSpan> OpenOwners => _owners.All.Where(s => s.ToMs is null && s.State != OwnerState.Node);

    /// <summary>How many ended spans of addresses are kept in memory, some 400 bytes each. A pod's life makes two: an hour of 13 pods a second.</summary>
    public const int MaxClosedOwners = 100_000;

    /// <summary>How many ended spans of endpoints are kept, some 170 bytes each. A pod's life makes about four.</summary>
    public const int MaxClosedEndpoints = 200_000;

    public const int MaxClosedServices = 10_000;

    /// <summary>How many spans one address, endpoint or Service may have.</summary>
    public const int MaxPerKey = 256;

    private readonly IntervalIndex<Ip, OwnerSpan> _owners;
    private readonly IntervalIndex<ServiceKey, ServiceSpan> _services;
    private readonly IntervalIndex<(ServiceKey Service, Ip Ip), EndpointSpan> _endpoints;

    // Which Services ever had a place: (proto, address, port), (proto, none, NodePort), (0, address, 0).
    private readonly ConcurrentDictionary<(byte Proto, Ip Ip, ushort Port), ServiceKey[]> _places = new(1, 64);

    public OwnershipHistory()
        : this(MaxClosedOwners, MaxClosedServices, MaxClosedEndpoints)
    {
    }

    public OwnershipHistory(int maxOwners, int maxServices, int maxEndpoints, int maxPerKey = MaxPerKey)
    {
        _owners = new IntervalIndex<Ip, OwnerSpan>(maxOwners, maxPerKey);
        _services = new IntervalIndex<ServiceKey, ServiceSpan>(maxServices, maxPerKey) { Forgetting = Unplace };
        _endpoints = new IntervalIndex<(ServiceKey, Ip), EndpointSpan>(maxEndpoints, maxPerKey);
    }

    /// <summary>How many spans were forgotten to keep within the limits; the database has them still.</summary>
    public long Forgotten => _owners.Forgotten + _services.Forgotten + _endpoints.Forgotten;

    /// <summary>Everything that ended after this moment is in memory.</summary>
    public long CompleteSinceMs => Math.Max(_owners.CompleteSinceMs, Math.Max(_services.CompleteSinceMs, _endpoints.CompleteSinceMs));

    /// <summary>Ended spans in memory.</summary>
    public int Closed => _owners.Closed + _services.Closed + _endpoints.Closed;

    /// <summary>False while no slice was ever seen: then nothing can be said of who left one.</summary>
    public bool KnowsSlices { get; private set; }

    /// <summary>The pod that owned an address at a moment.</summary>
    public OwnerSpan? OwnerAt(Ip ip, long atMs) => _owners.At(ip, atMs) is { State: not OwnerState.Node } span ? span : null;

    /// <summary>The pods that owned an address within a window, oldest first; one stands once for each state it was in.</summary>
    public IReadOnlyList<OwnerSpan> OwnersWithin(Ip ip, long fromMs, long toMs) =>
        _owners.Within(ip, fromMs, toMs).FindAll(s => s.State != OwnerState.Node);

    /// <summary>Who owned an address at a moment, and if nobody did, who had it last. No pod object: those are not kept.</summary>
    public AddressOwnership OwnershipAt(Ip ip, long atMs)
    {
        var (state, span) = HolderAt(ip, atMs);
        return state switch
        {
            OwnerState.Unknown => span is null or { State: OwnerState.Node } ? AddressOwnership.Unknown : new AddressOwnership(state, Name: span.FullName),
            OwnerState.Service => new AddressOwnership(state, Name: ServiceWith(ip, atMs)?.Key.ToString()),
            OwnerState.Gone => new AddressOwnership(state, null, span!.FullName, span.ToMs),
            _ => new AddressOwnership(state, null, span!.FullName, span.State == OwnerState.Live ? null : span.FromMs),
        };
    }

    /// <summary>After what an earlier run saw, and before this run's first list: names are the last known ones, states nobody knows.</summary>
    internal bool IsUnwatched(long atMs) => !_begun && atMs > WatchedUntilMs;

    /// <summary>The span that held at a moment; for an address that is gone, the last one.</summary>
    internal (OwnerState State, OwnerSpan? Span) HolderAt(Ip ip, long atMs)
    {
        var span = _owners.LastUntil(ip, atMs);
        if (span is not null && (span.ToMs is null || span.ToMs > atMs))
            return (span.ToMs is null && IsUnwatched(atMs) ? OwnerState.Unknown : span.State, span);
        if (ServiceWith(ip, atMs) is not null)
            return (OwnerState.Service, null);
        return span is null or { State: OwnerState.Node } ? (OwnerState.Unknown, null) : (OwnerState.Gone, span);
    }

    /// <summary>The Service that had a virtual address at a moment.</summary>
    public ServiceSpan? ServiceAt(byte proto, Ip vip, ushort port, long atMs) =>
        NewestAt((proto, vip, port), atMs, span => Translates(span, proto, vip, port))
        ?? (IsNodesOwn(vip, atMs) ? NewestAt((proto, default, port), atMs, span => HasNodePort(span, proto, port)) : null);

    /// <summary>The Services that had a virtual address within a window, in the order of time.</summary>
    public IReadOnlyList<ServiceSpan> ServicesWithin(byte proto, Ip vip, ushort port, long fromMs, long toMs)
    {
        var spans = new List<ServiceSpan>();
        foreach (var key in _places.GetValueOrDefault((proto, vip, port), []))
            spans.AddRange(_services.Within(key, fromMs, toMs).FindAll(s => Translates(s, proto, vip, port)));
        if (spans.Count == 0 && IsNodesOwn(vip, toMs))
        {
            foreach (var key in _places.GetValueOrDefault((proto, default, port), []))
                spans.AddRange(_services.Within(key, fromMs, toMs).FindAll(s => HasNodePort(s, proto, port)));
        }

        spans.Sort((a, b) => a.FromMs.CompareTo(b.FromMs));
        return spans;
    }

    /// <summary>The Service that had a virtual address last, up to a moment: for entries that outlive their Service.</summary>
    public ServiceSpan? LastServiceUntil(byte proto, Ip vip, ushort port, long atMs)
    {
        ServiceSpan? last = null;
        foreach (var key in _places.GetValueOrDefault((proto, vip, port), []))
        {
            foreach (var span in _services.Of(key))
            {
                if (span.FromMs <= atMs && Translates(span, proto, vip, port) && (last is null || Later(span, last)))
                    last = span;
            }
        }

        return last;

        static bool Later(ServiceSpan one, ServiceSpan other) =>
            (one.ToMs ?? long.MaxValue, one.FromMs).CompareTo((other.ToMs ?? long.MaxValue, other.FromMs)) > 0;
    }

    /// <summary>A Service's addresses and ports at a moment; also a headless one's, which has no address.</summary>
    public ServiceSpan? ServiceAt(ServiceKey service, long atMs) => _services.At(service, atMs);

    /// <summary>What a Service's slices said of an address at a moment; null where they did not name it.</summary>
    public EndpointSpan? EndpointAt(ServiceKey service, Ip ip, long atMs) => _endpoints.At((service, ip), atMs);

    /// <summary>What a Service's slices said last of an address, up to a moment, whether they still do or not.</summary>
    public EndpointSpan? LastEndpointUntil(ServiceKey service, Ip ip, long atMs) => _endpoints.LastUntil((service, ip), atMs);

    /// <summary>The moments within a window at which something changed that decides what an entry is.</summary>
    internal SortedSet<long> ChangesWithin(in GroupKey key, long fromMs, long toMs)
    {
        var moments = new SortedSet<long>();
        Note(_owners.Of(key.Backend));
        var places = key.Vip.IsNone ? [] : _places.GetValueOrDefault((key.Proto, key.Vip, key.Vport), []);
        if (places.Length == 0 && !key.Vip.IsNone)
            places = _places.GetValueOrDefault((key.Proto, default, key.Vport), []);
        foreach (var service in places)
        {
            Note(_services.Of(service));
            Note(_endpoints.Of((service, key.Backend)));
        }

        return moments;

        void Note<T>(ReadOnlySpan<T> spans)
            where T : ISpan<T>
        {
            foreach (var span in spans)
            {
                if (span.FromMs > fromMs && span.FromMs <= toMs)
                    moments.Add(span.FromMs);
                if (span.ToMs is { } endMs && endMs > fromMs && endMs <= toMs)
                    moments.Add(endMs);
            }
        }
    }

    // A node answers on every address it has, also on such as its object does not name; a pod's and a Service's are not among them.
    private bool IsNodesOwn(Ip ip, long atMs) => HolderAt(ip, atMs).State is OwnerState.Node or OwnerState.Unknown;

    private ServiceSpan? ServiceWith(Ip ip, long atMs) => NewestAt((0, ip, 0), atMs, span => span.Vips.Contains(ip));

    private ServiceSpan? NewestAt((byte, Ip, ushort) place, long atMs, Func<ServiceSpan, bool> has)
    {
        ServiceSpan? newest = null;
        foreach (var key in _places.GetValueOrDefault(place, []))
        {
            if (_services.At(key, atMs) is { } span && has(span) && (newest is null || span.FromMs >= newest.FromMs))
                newest = span;
        }

        return newest;
    }

    private static bool Translates(ServiceSpan span, byte proto, Ip vip, ushort port)
    {
        if (!span.Vips.Contains(vip))
            return false;
        foreach (var p in span.Ports)
        {
            if (p.Proto == proto && p.Port == port)
                return true;
        }

        return false;
    }

    private static bool HasNodePort(ServiceSpan span, byte proto, ushort port)
    {
        foreach (var p in span.Ports)
        {
            if (p.Proto == proto && p.NodePort == port && port != 0)
                return true;
        }

        return false;
    }

    private void Place(ServiceSpan span)
    {
        foreach (var place in Places(span))
        {
            var keys = _places.GetValueOrDefault(place, []);
            if (!keys.Contains(span.Key))
                _places[place] = [.. keys, span.Key];
        }
    }

    // Places that a Service had in a span that was forgotten earlier may stay behind; they find no span and harm nobody.
    private void Unplace(ServiceKey key, ServiceSpan span)
    {
        foreach (var place in Places(span))
        {
            var left = Array.FindAll(_places.GetValueOrDefault(place, []), k => k != key);
            if (left.Length > 0)
                _places[place] = left;
            else
                _places.TryRemove(place, out _);
        }
    }

    private static IEnumerable<(byte, Ip, ushort)> Places(ServiceSpan span)
    {
        foreach (var vip in span.Vips)
            yield return (0, vip, 0);
        foreach (var port in span.Ports)
        {
            foreach (var vip in span.Vips)
                yield return (port.Proto, vip, port.Port);
            if (port.NodePort != 0)
                yield return (port.Proto, default, port.NodePort);
        }
    }
}
