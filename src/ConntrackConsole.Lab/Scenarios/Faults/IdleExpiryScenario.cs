using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Lab.Incidents;
using ConntrackConsole.Lab.Network;

namespace ConntrackConsole.Lab.Scenarios.Faults;

/// <summary>The timeout of established connections on the client's node is shorter than the silence on these connections.</summary>
internal abstract class IdleExpiryScenario : Scenario
{
    protected const int SilenceSeconds = 9;

    private const int Connections = 9, TimeoutSeconds = 4;
    private const string Key = "net/netfilter/nf_conntrack_tcp_timeout_established";

    public override string Mechanism => "M10";

    public override string Code => MechanismCodes.IdleExpiry;

    /// <summary>Of the pods.</summary>
    protected abstract IReadOnlyList<int> Nodes { get; }

    /// <summary>Of the client; its timeout is the short one.</summary>
    protected abstract int ClientNode { get; }

    protected abstract string[] Client { get; }

    protected abstract string[] Server { get; }

    public override async Task RunAsync(LabCluster lab)
    {
        var node = lab.Node(ClientNode);
        string before = node.Namespace.Run(() => File.ReadAllText("/proc/sys/" + Key).Trim());
        LabPod? client = null;
        // Before the pods start: a connection keeps the timeout of its last packet.
        node.Namespace.Run(() => NamespaceSysctl.Set(Key, $"{TimeoutSeconds}"));
        try
        {
            await using var workload = await LabWorkload.StartAsync(lab, this, Nodes, Server);
            workload.FromServer = (pod, report) =>
            {
                // Its node's probes reset their connections, too.
                if (report.Event == "reset-by-client" && client is not null && report.IsFrom(client.Ip))
                    workload.Label(client, report.Remote, report.Local, LabelKinds.UnNated, 1);
            };
            client = await workload.StartClientAsync(ClientNode, (pod, report) =>
            {
                if (report.Event == "reset")
                    workload.Label(pod, report.Local, report.Backend, LabelKinds.FromBackend, 1);
            }, [Client[0], "--target", workload.Target, "--connections", $"{Connections}", .. Client[1..]]);
            await lab.PauseAsync((2 * SilenceSeconds) + FollowSeconds);
        }
        finally
        {
            node.Namespace.Run(() => NamespaceSysctl.Set(Key, before));
        }
    }
}
