using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Timeline.Live;

namespace ConntrackConsole.Ingest;

/// <summary>Once a second: compares the pods of unreachable nodes with what the collectors observe, see <see cref="AnsweringAddresses"/>.</summary>
internal sealed class LostNodeMonitor(ClusterState cluster, TimelineStore timeline, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly AnsweringAddresses _answering = new();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                Update();
        }
        catch (OperationCanceledException)
        {
            // The console stops.
        }
    }

    internal void Update()
    {
        var map = cluster.Current;
        var candidates = map.AddressesOnLostNodes().ToList();
        var ips = candidates.Select(c => c.Ip).ToHashSet();
        var (lookups, reporting) = timeline.Read(reading => reading.Lookups(ips));
        _answering.Update(candidates, lookups, reporting, time.GetUtcNow().ToUnixTimeMilliseconds());
        // Also while every node is reachable: when a kubelet dies, it must be known at once whether its collector lives.
        if (!map.Answering.SetEquals(_answering.Answering) || !map.Refuted.SetEquals(_answering.Refuted) || !map.Reporting.SetEquals(reporting))
            cluster.Apply([new AnsweringChange([.. _answering.Answering], [.. _answering.Refuted], [.. reporting])]);
    }
}
