using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Lab.Cluster;
using ConntrackConsole.Lab.Incidents;

namespace ConntrackConsole.Lab.Scenarios.Faults;

internal sealed class NodeLoss : Scenario
{
    private const int Connections = 6;

    public override string Name => "node-loss";

    public override string Summary => "node2 loses its network for half a minute: connections to its pods hang";

    public override string Mechanism => "M4";

    public override string Code => MechanismCodes.BlackHole;

    // The lost node is neither that of the client nor that of the other pod.
    public override int MinNodes => 3;

    public override async Task RunAsync(LabCluster lab)
    {
        bool isLost = false;
        var lost = lab.Node(2);
        await using var workload = await LabWorkload.StartAsync(lab, this, [2, 1]);
        var victim = workload.Pods[0];
        await workload.StartClientAsync(3, (pod, report) =>
        {
            if (isLost && report.Event == "hung" && report.IsAt(victim.Ip))
                workload.Label(pod, report.Local, report.Backend, LabelKinds.Hang, 0, since: report.Since);
        }, "client", "--target", workload.Target, "--connections", $"{Connections}");
        await workload.ConnectedAsync(Connections);
        isLost = true;
        var others = lab.RollingUpdate.PodsOn(lost);
        foreach (var pod in others)
            lab.Truth.SetTermination(pod, this);
        lab.Silence(lost, true);
        lab.Network.Disconnect(lost);
        lab.Output.Report("node-lost", $"{lost.Name} has lost its network", new { node = lost.Name, ip = victim.Ip });
        try
        {
            // The node controller waits for 40 s; the lab does not.
            await lab.PauseAsync(8);
            SetReady(lab, lost.Name, "Unknown");
            workload.SetEndpoint(victim, ready: false, serving: false, terminating: false);
            lab.RollingUpdate.SetReady(lost, false);
            await lab.PauseAsync(18 + FollowSeconds);
        }
        finally
        {
            lab.Network.Reconnect(lost);
            lab.Silence(lost, false);
            SetReady(lab, lost.Name, "True");
            lab.Truth.ClearTermination(others);
        }

        workload.SetEndpoint(victim, ready: true, serving: true, terminating: false);
        lab.RollingUpdate.SetReady(lost, true);
        lab.Output.Report("node-back", $"{lost.Name} has its network again", new { node = lost.Name });
        await lab.PauseAsync(2);
    }

    private static void SetReady(LabCluster lab, string name, string status)
    {
        lock (lab.NodeObjects)
        {
            if (lab.NodeObjects.FirstOrDefault(node => (string?)node["metadata"]!["name"] == name) is not { } node)
                return;
            NodeObject.SetReady(node, status);
            lab.Store.Put("nodes", node);
        }
    }
}
