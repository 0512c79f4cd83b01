using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.SignalR;

namespace ConntrackConsole.Ingest;

/// <summary>
/// Sends every collector the addresses without a live owner, so that it looks their entries up individually, and those of Services,
/// so that it recognizes entries that lead to one without translation: the whole list after
/// the collector's introduction, and again when the list has changed, at most once a second.
/// </summary>
internal sealed partial class WatchListPublisher(
    ClusterState cluster, CollectorRegistry registry, IHubContext<CollectorHub> hub, TimeProvider time, ILogger<WatchListPublisher> log) : BackgroundService
{
    public const int MaxAddresses = 1000;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, WatchList> _sent = []; // by connection: a new one has no list
    private ClusterMap? _map;
    private object? _services; // The Services of the list.
    private WatchList _list = new([]);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            do
                await PublishAsync(stoppingToken);
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException)
        {
            // The console stops.
        }
    }

    private async Task PublishAsync(CancellationToken stop)
    {
        if (!ReferenceEquals(_map, cluster.Current))
        {
            _map = cluster.Current;
            string[] ips = [.. _map.AddressesWithoutLiveOwner(MaxAddresses).Select(ip => ip.ToString())];
            if (!ReferenceEquals(_services, _map.Services))
            {
                _services = _map.Services;
                string[] addresses = [.. ServiceScopes.All(_map).Take(WatchList.MaxServices).Select(address => address.ToString())];
                if (!addresses.SequenceEqual(_list.Services ?? []))
                    _list = _list with { Services = addresses };
            }

            if (!ips.SequenceEqual(_list.PodIps))
                _list = _list with { PodIps = ips };
        }

        var connections = registry.ConnectedNodes.Select(registry.ConnectionOf).OfType<string>().ToHashSet();
        foreach (string ended in _sent.Keys.Except(connections).ToList())
            _sent.Remove(ended);
        foreach (string connection in connections)
        {
            var known = _sent.GetValueOrDefault(connection);
            // A collector watches nothing until it receives a list.
            if (ReferenceEquals(known, _list) || (known is null && _list is { PodIps.Count: 0, Services: null or { Count: 0 } }))
                continue;
            try
            {
                await hub.Clients.Client(connection).SendAsync(HubMethods.Watch, _list, stop);
                _sent[connection] = _list;
            }
            catch (Exception failure) when (failure is IOException or InvalidOperationException)
            {
                LogNotSent(failure.Message); // The connection is closing; the next one gets the whole list.
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "The watch list could not be sent to a collector: {Reason}")]
    private partial void LogNotSent(string reason);
}
