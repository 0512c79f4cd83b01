using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Lab.Incidents;

namespace ConntrackConsole.Lab.Scenarios.Faults;

internal sealed class DroppedInvalid : Scenario
{
    private const int Connections = 8, Segments = 40;
    private const double ScrapeSeconds = 6;

    public override string Name => "dropped-invalid";

    public override string Summary => "pods send segments beyond the window, and a rule of kube-proxy's iptables mode drops them: no client is reset";

    public override string Mechanism => "M1b";

    public override string Code => MechanismCodes.InvalidDropped;

    // The segments are made byte by byte, for IPv4; kube-proxy's nftables mode has no such rule.
    public override bool Supports(LabVariant variant) => base.Supports(variant) && variant is { IPv6: false, Maps: false };

    public override async Task RunAsync(LabCluster lab)
    {
        LabPod? client = null;
        int sent = 0;
        foreach (var proxy in lab.Proxies)
            proxy.DropInvalid(true);
        try
        {
            await using var workload = await LabWorkload.StartAsync(lab, this, [2, 1]);
            workload.FromServer = (pod, report) =>
            {
                if (report is not { Event: "invalid-segment", Resets: { } resets } || client is null)
                    return;
                workload.Label(client, report.Remote, report.Local, resets == 0 ? LabelKinds.InvalidDropped : LabelKinds.UnNated, resets, isFault: resets == 0);
                Interlocked.Increment(ref sent);
            };
            client = await workload.StartClientAsync(3, (_, _) => { }, "client", "--target", workload.Target, "--connections", $"{Connections}");
            await workload.ConnectedAsync(Connections);
            await lab.PauseAsync(ScrapeSeconds); // The counter is known before it increases.
            for (int i = 0; i < 3 * Segments && sent < Segments; i++)
            {
                workload.Pods[i % workload.Pods.Count].Process.SendLine("invalid");
                await lab.PauseAsync(0.2);
            }

            await lab.PauseAsync(FollowSeconds);
        }
        finally
        {
            foreach (var proxy in lab.Proxies)
                proxy.DropInvalid(false);
        }
    }
}
