using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Lab.Incidents;

namespace ConntrackConsole.Lab.Scenarios.Faults;

internal sealed class FlushedStream : Scenario
{
    private const int Connections = 6;

    public override string Name => "flushed-stream";

    public override string Summary => "a foreign program deletes the entries of a live pod that speaks first: its next line arrives untranslated";

    public override string Mechanism => "M2";

    public override string Code => MechanismCodes.EntryLost;

    // The heartbeat of a client that hears nothing goes to any of the pods.
    public override IReadOnlyList<string> AlsoTrue => [MechanismCodes.Rebalanced];

    public override async Task RunAsync(LabCluster lab)
    {
        int reset = 0;
        bool isFlushed = false;
        LabPod? client = null;
        await using var workload = await LabWorkload.StartAsync(lab, this, [1, 2], ["serve", "--push-ms", "300"]);
        workload.FromServer = (pod, report) =>
        {
            // The client's kernel reset the pod's own address; the client does not know of it.
            // Its node's probes reset their connections, too.
            if (report.Event != "reset-by-client" || !isFlushed || client is null || !report.IsFrom(client.Ip))
                return;
            workload.Label(client, report.Remote, report.Local, LabelKinds.UnNated, 1);
            Interlocked.Increment(ref reset);
        };
        client = await workload.StartClientAsync(3, (pod, report) =>
        {
            if (report.Event == "reset" && isFlushed)
                workload.Label(pod, report.Local, report.Backend, LabelKinds.FromBackend, 1); // what follows, at its heartbeat
        }, "subscribe", "--target", workload.Target, "--connections", $"{Connections}");
        await workload.ConnectedAsync(Connections);
        isFlushed = true;
        await workload.FlushAsync(3);
        await lab.UntilAsync(() => reset >= Connections);
        await lab.PauseAsync(FollowSeconds);
    }
}
