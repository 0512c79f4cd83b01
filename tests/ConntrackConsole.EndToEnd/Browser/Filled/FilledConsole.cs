using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Identity;
using ConntrackConsole.Incidents.Records;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Tests.Integration.Hosting;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Wire;

namespace ConntrackConsole.EndToEnd.Browser.Filled;

/// <summary>A console that has one of everything that pages list: a node, a Service, pods, a rollout, an incident, entries and resets.</summary>
internal static class FilledConsole
{
    public const string RolloutId = "d1/4";

    private static readonly Ip Vip = Ip.Parse("10.96.0.1"), Backend = Ip.Parse("10.1.0.5"), Client = Ip.Parse("10.1.1.1");

    /// <param name="resets">How many there are; a node reports 400.</param>
    /// <returns>The console, and the id of its incident.</returns>
    public static async Task<(ConsoleHost Host, string Incident)> StartAsync(int resets, CancellationToken ct, params string[] settings)
    {
        var host = await ConsoleHost.StartAsync(null, null, settings);
        long now = host.NowMs;
        host.SetCluster(
            new NodeChange(new NodeInfo("n1", "node-a", true, [Ip.Parse("192.168.0.1")]), false),
            new ServiceChange(new ServiceInfo("s1", new ServiceKey("shop", "orders"), [Vip], [new ServicePort(null, Protocols.Tcp, 80, 0)]), false),
            new PodChange(Pod("uid-1", "orders-1", Backend), false), new PodChange(Pod("uid-c", "client-1", Client), false));
        host.Get<ClusterState>().Apply([new PodChange(Pod("uid-1", "orders-1", Backend) with { DeletionMs = now - 40_000, DeletionRequestedMs = now - 70_000, FinishedMs = now - 45_000, ExitCode = 0, ContainersEnded = true }, true)]);
        host.Get<ClusterState>().Restore([], [new Rollout(RolloutId, WorkloadKind.Deployment, "d1", "shop", "orders", "4", "3", now - 90_000, now - 70_000, now - 60_000, null)]);
        Report(host, resets);
        var answer = await host.Get<IncidentService>().OpenAsync(new IncidentRequest("Orders reset", now - 300_000, now), new Principal("ada", Role.Operator, "s-1", "127.0.0.1"), ct);
        return (host, answer.Incident!.Id);

        PodInfo Pod(string uid, string name, Ip ip) => new(uid, "shop", name, "node-a", "Running", [ip], false, now - 600_000, null, null, false, null, null);
    }

    // All of one moment: single resets of the time before the first frame are not kept.
    private static void Report(ConsoleHost host, int resets)
    {
        const int PerNode = 400;
        var store = host.Get<TimelineStore>();
        long now = host.NowMs;
        for (int node = 0; node == 0 || node * PerNode < resets; node++)
        {
            string name = $"node-{(char)('a' + node)}";
            store.Connected(new Hello(name, "0.1.0", "boot", "6.12", now, [], new Dictionary<string, string>()));
            var frame = new NodeFrame { Sequence = 1, AtMs = now, IsKey = true };
            if (node == 0)
            {
                StateCounts counts = default;
                counts[(int)FlowState.Established] = 3;
                frame.Groups.Add(new GroupCounts(new GroupKey(Protocols.Tcp, Vip, 80, Backend, 8080), counts));
            }

            for (int i = node * PerNode; i < Math.Min((node + 1) * PerNode, resets); i++)
                frame.Resets.Add(new Reset(now - (i % 10), ResetKind.UnNated, Client, (ushort)(1_024 + i), Backend, 8080, Vip, 80, Backend, 8080, 0, false));
            if (store.Apply(name, 1, frame).Rejection is { } rejection)
                throw new InvalidOperationException(rejection.Message);
        }
    }
}
