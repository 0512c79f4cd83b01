using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Lab.Incidents;
using ConntrackConsole.Lab.Workload;

namespace ConntrackConsole.Lab.Scenarios.Faults;

internal sealed class NoEndpoints : Scenario
{
    public override string Name => "no-endpoints";

    public override string Summary => "the Service has no endpoint any more, and its clients are refused";

    public override string Mechanism => "M7";

    public override string Code => MechanismCodes.NoEndpoints;

    // The last pod still gets traffic while it terminates, and refuses it for a moment when its process has ended.
    public override IReadOnlyList<string> AlsoTrue => [MechanismCodes.RefusedWhileListed];

    public override async Task RunAsync(LabCluster lab)
    {
        double emptySince = double.PositiveInfinity;
        await using var workload = await LabWorkload.StartAsync(lab, this, [1]);
        await workload.StartClientAsync(3, (pod, report) =>
        {
            // The kernel limits the refusals to one a second for each client (icmp_ratelimit): the other connects wait.
            // The last pod's own refusals may be read late: what was sent before the rules were empty is not of this kind.
            bool isRefused = report.Event == "refused";
            if ((isRefused ? report.Since ?? report.T : report.T) >= Volatile.Read(ref emptySince) && (isRefused || report.Event == "connect-timeout"))
                workload.Label(pod, report.Local, null, isRefused ? LabelKinds.NoEndpoint : LabelKinds.ConnectTimeout, 0, since: report.Since);
        }, "request", "--target", workload.Target, "--interval-ms", "300");
        await workload.ConnectedAsync();
        workload.Deployment.SetReplicas(0);
        var last = workload.Pods[0];
        // While no ready endpoint exists, a terminating one still gets traffic.
        var ended = workload.EndAsync(last, Ending.Drain);
        await workload.WithoutAsync(last);
        Volatile.Write(ref emptySince, WorkloadReport.Now);
        await ended;
        await lab.PauseAsync(5 + FollowSeconds);
    }
}
