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
        if (candidates.Count == 0 && map.Answering.IsEmpty)
            return;
        var ips = candidates.Select(c => c.Ip).ToHashSet();
        var (lookups, reporting) = timeline.Read(reading => reading.Lookups(ips));
        var answering = _answering.Update(candidates, lookups, reporting, time.GetUtcNow().ToUnixTimeMilliseconds());
        if (!answering.SetEquals(map.Answering))
            cluster.Apply([new AnsweringChange(answering)]);
    }
}
