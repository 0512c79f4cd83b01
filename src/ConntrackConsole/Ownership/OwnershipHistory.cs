using System.Collections.Concurrent;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Ownership;

/// <summary>
/// The history of address owners, Service addresses and endpoints. Bounded: keeps all open spans and the newest closed ones;
/// the oldest are dropped first, and counted. One writer (<see cref="ClusterState"/> under its lock), lock-free readers.
/// Times are arrival times on the console's clock: the API server's clock may differ.
/// </summary>
internal sealed partial class OwnershipHistory
{
    /// <summary>The owners with an open span.</summary>
    internal IEnumerable<OwnerSpan> OpenOwners => _owners.All.Where(s => s.ToMs is null && s.State != OwnerState.Node);

    /// <summary>The Service of each pod with an open endpoint, the first by name.</summary>
    internal Dictionary<string, ServiceKey> OpenServices()
    {
        var services = new Dictionary<string, ServiceKey>();
        foreach (var span in _endpoints.All)
        {
            if (span is { ToMs: null, PodUid: { } uid }
                && (!services.TryGetValue(uid, out var known) || string.CompareOrdinal(span.Service.ToString(), known.ToString()) < 0))
                services[uid] = span.Service;
        }

        return services;
    }

    /// <summary>The last pod of each address that has no owner now, newest first.</summary>
    internal IEnumerable<FormerOwner> FormerOwners =>
        from span in _owners.Last
        where span is { ToMs: not null, PodUid.Length: > 0, State: not OwnerState.Node }
        orderby span.ToMs descending
        select new FormerOwner(span.Ip, span.PodUid, span.FullName, span.ToMs!.Value);

    /// <summary>Maximum number of closed address spans in memory, about 400 bytes each. A pod creates two: one hour at 13 pods per second.</summary>
    public const int MaxClosedOwners = 100_000;

    /// <summary>Maximum number of closed endpoint spans, about 170 bytes each. A pod creates about four.</summary>
    public const int MaxClosedEndpoints = 200_000;

    public const int MaxClosedServices = 10_000;

    /// <summary>Maximum number of spans of one address, endpoint or Service.</summary>
    public const int MaxPerKey = 256;

    private readonly IntervalIndex<Ip, OwnerSpan> _owners;
    private readonly IntervalIndex<ServiceKey, ServiceSpan> _services;
    private readonly IntervalIndex<(ServiceKey Service, Ip Ip), EndpointSpan> _endpoints;

    // Which Services ever had a key: (proto, address, port), (proto, none, NodePort), (0, address, 0).
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

    /// <summary>Number of spans dropped to stay within the limits; the database still has them.</summary>
    public long Forgotten => _owners.Forgotten + _services.Forgotten + _endpoints.Forgotten;

    /// <summary>Everything that ended after this time is in memory.</summary>
    public long CompleteSinceMs => Math.Max(_owners.CompleteSinceMs, Math.Max(_services.CompleteSinceMs, _endpoints.CompleteSinceMs));

    /// <summary>Number of closed spans in memory.</summary>
    public int Closed => _owners.Closed + _services.Closed + _endpoints.Closed;

    /// <summary>False until a slice was seen: without slices the removal of an endpoint cannot be determined.</summary>
    public bool KnowsSlices { get; private set; }

    /// <summary>The pod that owned an address at a time.</summary>
    public OwnerSpan? OwnerAt(Ip ip, long atMs) => _owners.At(ip, atMs) is { State: not OwnerState.Node } span ? span : null;

    /// <summary>The pods that owned an address within a window, oldest first; each pod has one span for each of its states.</summary>
    public IReadOnlyList<OwnerSpan> OwnersWithin(Ip ip, long fromMs, long toMs) =>
        _owners.Within(ip, fromMs, toMs).FindAll(s => s.State != OwnerState.Node);

    /// <summary>The owner of an address at a time, or its last owner if it had none. Without a pod object, since those are not kept.</summary>
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

    /// <summary>True between the end of the earlier run and this run's first list: names are the last known ones, states are unknown.</summary>
    internal bool IsUnwatched(long atMs) => !_begun && atMs > WatchedUntilMs;

    /// <summary>The span at a time; for an address without an owner, the last one.</summary>
    internal (OwnerState State, OwnerSpan? Span) HolderAt(Ip ip, long atMs)
    {
        var span = _owners.LastUntil(ip, atMs);
        if (span is not null && (span.ToMs is null || span.ToMs > atMs))
            return (span.ToMs is null && IsUnwatched(atMs) ? OwnerState.Unknown : span.State, span);
        if (ServiceWith(ip, atMs) is not null)
            return (OwnerState.Service, null);
        return span is null or { State: OwnerState.Node } ? (OwnerState.Unknown, null) : (OwnerState.Gone, span);
    }

    /// <summary>The Service that had a virtual address at a time.</summary>
    public ServiceSpan? ServiceAt(byte proto, Ip vip, ushort port, long atMs) =>
        NewestAt((proto, vip, port), atMs, static (span, at) => Translates(span, at.Proto, at.Ip, at.Port), (proto, vip, port))
        ?? (IsNodesOwn(vip, atMs) ? NewestAt((proto, default, port), atMs, static (span, at) => HasNodePort(span, at.Proto, at.Port), (proto, vip, port)) : null);

    /// <summary>Below zero if the first Service's addresses are the older claim at a time; the names decide between claims of one moment.</summary>
    internal int CompareClaims(ServiceKey one, ServiceKey other, long atMs) =>
        (_services.At(one, atMs)?.FromMs ?? 0).CompareTo(_services.At(other, atMs)?.FromMs ?? 0) is var order and not 0
            ? order : string.CompareOrdinal(one.ToString(), other.ToString());

    /// <summary>The Services that may ever have had a virtual address, as far as is known.</summary>
    internal IEnumerable<ServiceKey> Claimants(byte proto, Ip vip, ushort port)
    {
        var own = _places.GetValueOrDefault((proto, vip, port), []);
        var nodePorts = _places.GetValueOrDefault((proto, default, port), []);
        return nodePorts.Length == 0 ? own : own.Concat(nodePorts);
    }

    /// <summary>The Services that had a virtual address within a window, ordered by time.</summary>
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

    /// <summary>The last Service that had a virtual address up to a time, for entries that outlive their Service.</summary>
    public ServiceSpan? LastServiceUntil(byte proto, Ip vip, ushort port, long atMs)
    {
        ServiceSpan? last = null;
        foreach (var span in ClaimsUntil(proto, vip, port, atMs))
        {
            if (last is null || (span.ToMs ?? long.MaxValue).CompareTo(last.ToMs ?? long.MaxValue) is var order && (order > 0 || (order == 0 && IsLater(span, last))))
                last = span;
        }

        return last;
    }

    /// <summary>
    /// Every claim of a virtual address up to a time, by a Service's own addresses or, without such a claim, by a NodePort: an entry was
    /// translated by the rules of the claim of its time, and outlives it.
    /// </summary>
    internal List<ServiceSpan> ClaimsUntil(byte proto, Ip vip, ushort port, long atMs)
    {
        var claims = new List<ServiceSpan>();
        Add((proto, vip, port), span => Translates(span, proto, vip, port));
        if (claims.Count == 0 && IsNodesOwn(vip, atMs))
            Add((proto, default, port), span => HasNodePort(span, proto, port));
        return claims;

        void Add((byte, Ip, ushort) place, Func<ServiceSpan, bool> has)
        {
            foreach (var key in _places.GetValueOrDefault(place, []))
            {
                foreach (var span in _services.Of(key))
                {
                    if (span.FromMs <= atMs && has(span))
                        claims.Add(span);
                }
            }
        }
    }

    /// <summary>True if a pod was an endpoint, at an address, of any Service that claimed a virtual address up to a time.</summary>
    internal bool WasBackend(byte proto, Ip vip, ushort port, Ip backend, string podUid, long atMs)
    {
        foreach (var claim in ClaimsUntil(proto, vip, port, atMs))
        {
            if (_endpoints.LastUntil((claim.Key, backend), atMs)?.PodUid == podUid)
                return true;
        }

        return false;
    }

    /// <summary>A Service's addresses and ports at a time, including headless Services, which have no address.</summary>
    public ServiceSpan? ServiceAt(ServiceKey service, long atMs) => _services.At(service, atMs);

    /// <summary>The endpoint for an address in a Service's slices at a time; null if they did not contain it.</summary>
    public EndpointSpan? EndpointAt(ServiceKey service, Ip ip, long atMs) => _endpoints.At((service, ip), atMs);

    /// <summary>The last endpoint for an address in a Service's slices up to a time, open or closed.</summary>
    public EndpointSpan? LastEndpointUntil(ServiceKey service, Ip ip, long atMs) => _endpoints.LastUntil((service, ip), atMs);

    private static readonly IReadOnlyCollection<long> NoMoments = [];

    /// <summary>The times within a window at which something changed that affects the state of an entry.</summary>
    internal IReadOnlyCollection<long> ChangesWithin(in GroupKey key, long fromMs, long toMs)
    {
        // Nearly always nothing changed: then nothing is allocated.
        SortedSet<long>? moments = null;
        Note(_owners.Of(key.Backend));
        var places = key.Vip.IsNone ? [] : _places.GetValueOrDefault((key.Proto, key.Vip, key.Vport), []);
        if (places.Length == 0 && !key.Vip.IsNone)
            places = _places.GetValueOrDefault((key.Proto, default, key.Vport), []);
        foreach (var service in places)
        {
            Note(_services.Of(service));
            Note(_endpoints.Of((service, key.Backend)));
        }

        return moments ?? NoMoments;

        void Note<T>(ReadOnlySpan<T> spans)
            where T : ISpan<T>
        {
            foreach (var span in spans)
            {
                if (span.FromMs > fromMs && span.FromMs <= toMs)
                    (moments ??= []).Add(span.FromMs);
                if (span.ToMs is { } endMs && endMs > fromMs && endMs <= toMs)
                    (moments ??= []).Add(endMs);
            }
        }
    }

    // A node accepts NodePort traffic on all its addresses, including those not in its object, but not on pod or Service addresses.
    private bool IsNodesOwn(Ip ip, long atMs) => HolderAt(ip, atMs).State is OwnerState.Node or OwnerState.Unknown;

    /// <summary>The Service that had an address at a time, whatever the port.</summary>
    internal ServiceSpan? ServiceWith(Ip ip, long atMs) => NewestAt((0, ip, 0), atMs, static (span, at) => span.Vips.Contains(at.Ip), (0, ip, 0));

    // Without a closure: it is called for every series of every minute of every node.
    private ServiceSpan? NewestAt((byte, Ip, ushort) place, long atMs, Func<ServiceSpan, (byte Proto, Ip Ip, ushort Port), bool> has, (byte Proto, Ip Ip, ushort Port) at)
    {
        ServiceSpan? newest = null;
        foreach (var key in _places.GetValueOrDefault(place, []))
        {
            if (_services.At(key, atMs) is { } span && has(span, at) && (newest is null || IsLater(span, newest)))
                newest = span;
        }

        return newest;
    }

    private static bool IsLater(ServiceSpan one, ServiceSpan other) =>
        one.FromMs > other.FromMs || (one.FromMs == other.FromMs && string.CompareOrdinal(one.Key.ToString(), other.Key.ToString()) > 0);

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

    // Keys of a span that was dropped earlier may remain; they match no span and are harmless.
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
