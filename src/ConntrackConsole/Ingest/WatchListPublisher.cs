using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Wire;
using ConntrackConsole.Workers;
using Microsoft.AspNetCore.SignalR;

namespace ConntrackConsole.Ingest;

/// <summary>
/// Sends every collector the addresses without a live owner, those of nodes that fell silent, and those of Services that have untranslated UDP
/// entries, so that it looks their entries up individually, and those of all Services, so that it recognizes entries that lead to one without translation: the whole list after
/// the collector's introduction, and to all at once what has changed, at most once a second.
/// </summary>
internal sealed partial class WatchListPublisher(
    ClusterState cluster, TimelineStore timeline, CollectorRegistry registry, IHubContext<CollectorHub> hub, TimeProvider time, ILogger<WatchListPublisher> log) : BackgroundService
{
    private const int MaxUntranslated = 50;
    private const int MaxSuspected = 200;
    private const long SuspectedMs = 120_000;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly WakeSignal _changed = new();
    private readonly HashSet<string> _upToDate = []; // Connections: a new one has no list.
    private ClusterMap? _map;
    private List<Ip> _untranslated = [];
    private List<Ip> _suspected = [];
    private object? _services; // The Services of the list.
    private WatchList _list = new([]);

    // A change that comes alone is published at once: what collectors look up first is what the others are compared with.
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        cluster.Changed += _changed.Wake;
        long? changedAt = null;
        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                bool isChanged = !ReferenceEquals(_map, cluster.Current);
                if (isChanged && changedAt is { } last && Interval - time.GetElapsedTime(last) is var left && left > TimeSpan.Zero)
                    await Task.Delay(left, time, stoppingToken);
                if (isChanged)
                    changedAt = time.GetTimestamp();
                await PublishAsync(stoppingToken);
                await _changed.WaitAsync(Interval, time, stoppingToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The console stops.
        }
        finally
        {
            cluster.Changed -= _changed.Wake;
        }
    }

    public override void Dispose()
    {
        base.Dispose();
        _changed.Dispose();
        GC.SuppressFinalize(this);
    }

    private async Task PublishAsync(CancellationToken stop)
    {
        if (Changed() is { } change && _upToDate.Count > 0 && !await SendAsync(hub.Clients.Group(CollectorHub.Collectors), change, stop))
            _upToDate.Clear();
        var connections = registry.Connections;
        _upToDate.IntersectWith(connections);
        // A collector watches nothing until it receives a list.
        if (_list is { PodIps.Count: 0, Services: null or { Count: 0 } } && _upToDate.Count == 0)
            return;
        foreach (string connection in connections)
        {
            if (!_upToDate.Contains(connection) && await SendAsync(hub.Clients.Client(connection), _list, stop))
                _upToDate.Add(connection);
        }
    }

    /// <summary>Makes the list of this moment.</summary>
    /// <returns>What collectors with the former list need; the addresses of Services, which may be thousands, only if they changed.</returns>
    private WatchList? Changed()
    {
        var former = _list;
        var map = cluster.Current;
        var untranslated = timeline.UntranslatedUdp(MaxUntranslated + 1);
        // The control plane calls a node lost after 40 s or more: what waited for it until then has been looked up by then.
        List<Ip> suspected = [.. timeline.SilentNodes(time.GetUtcNow().ToUnixTimeMilliseconds() - SuspectedMs).SelectMany(map.AddressesOn).Take(MaxSuspected + 1)];
        if (ReferenceEquals(_map, map) && _untranslated.SequenceEqual(untranslated) && _suspected.SequenceEqual(suspected))
            return null;
        (_map, _untranslated, _suspected) = (map, untranslated, suspected);
        var (watched, isFull) = Select(map.AddressesWithoutLiveOwner, untranslated, suspected);
        timeline.FullWatchList = isFull ? watched.ToHashSet() : null;
        string[] ips = [.. watched.Select(ip => ip.ToString())];
        if (!ReferenceEquals(_services, _map.Services))
        {
            _services = _map.Services;
            string[] addresses = [.. ServiceScopes.All(_map).Take(WatchList.MaxServices).Select(address => address.ToString())];
            if (!addresses.SequenceEqual(_list.Services ?? []))
                _list = _list with { Services = addresses };
        }

        if (!ips.SequenceEqual(_list.PodIps))
            _list = _list with { PodIps = ips };
        return ReferenceEquals(_list, former) ? null : ReferenceEquals(_list.Services, former.Services) ? _list with { Services = null } : _list;
    }

    /// <summary>The addresses of a list, those of silent nodes and of untranslated entries before the ones that ended long ago.</summary>
    /// <param name="withoutOwner">Addresses without a live owner, at most so many, the latest first.</param>
    /// <param name="untranslated">Addresses of Services with untranslated entries.</param>
    /// <param name="suspected">Addresses of the pods of silent nodes.</param>
    /// <returns>Whether the list lacks some.</returns>
    internal static (List<Ip> Watched, bool IsFull) Select(Func<int, IReadOnlyList<Ip>> withoutOwner, List<Ip> untranslated, List<Ip> suspected)
    {
        HashSet<Ip> first = [.. untranslated.Take(MaxUntranslated), .. suspected.Take(MaxSuspected)];
        int places = WatchList.MaxPodIps - first.Count;
        var ended = withoutOwner(places + 1);
        return ([.. ended.Take(places).Concat(first).Distinct()], ended.Count > places || untranslated.Count > MaxUntranslated || suspected.Count > MaxSuspected);
    }

    private async Task<bool> SendAsync(IClientProxy to, WatchList list, CancellationToken stop)
    {
        try
        {
            await to.SendAsync(HubMethods.Watch, list, stop);
            return true;
        }
        catch (Exception failure) when (failure is IOException or InvalidOperationException)
        {
            LogNotSent(failure.Message); // It gets the whole list with the next try, or the next connection does.
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "The watch list could not be sent to a collector: {Reason}")]
    private partial void LogNotSent(string reason);
}
