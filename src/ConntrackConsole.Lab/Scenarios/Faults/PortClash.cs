using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Lab.Incidents;
using ConntrackConsole.Lab.Workload;

namespace ConntrackConsole.Lab.Scenarios.Faults;

internal sealed class PortClash : Scenario
{
    private const string Table = "lab_port_clash";

    // Two SYNs must be on their way at the same moment, on two processors: some of a hundred are.
    private const int MinClashes = 3, MaxSeconds = 60;

    public override string Name => "port-clash";

    public override string Summary => "two clients behind the masquerading of node3 connect from the same source ports at the same moment: the first SYN of one is dropped";

    public override string Mechanism => "M12";

    public override string Code => MechanismCodes.PortClash;

    // The clients' node is not the pod's: what it masquerades leaves it.
    public override int MinNodes => 3;

    public override async Task RunAsync(LabCluster lab)
    {
        int clashes = 0;
        await using var workload = await LabWorkload.StartAsync(lab, this, [2], ["serve", "--port", $"{Kubelet.ServerPort}", "--close-after-answer"]);
        string backend = workload.Pods[0].Ip, family = backend.Contains(':', StringComparison.Ordinal) ? "ip6" : "ip";
        await lab.RunAsync(3, "nft", $"add table {family} {Table}; add chain {family} {Table} post {{ type nat hook postrouting priority 110; }}; add rule {family} {Table} post {family} daddr {backend} tcp dport {Kubelet.ServerPort} masquerade");
        List<LabPod> clients = [];
        try
        {
            long before = InsertFailed(lab);
            for (int client = 0; client < 2; client++)
            {
                clients.Add(await workload.StartClientAsync(3, (pod, report) =>
                {
                    if (report is not { Event: "connected", Seconds: > WorkloadReport.SynRepeatSeconds })
                        return;
                    // A SYN that a busy machine delayed is repeated, too: only the kernel counts a clash.
                    int found = Interlocked.Increment(ref clashes);
                    workload.Label(pod, report.Local, report.Backend, LabelKinds.LateConnect, 0, InsertFailed(lab) - before >= found, report.Since);
                }, "connect-in-step", "--target", workload.Target, "--interval-ms", "50"));
            }

            await workload.ConnectedAsync(2);
            await lab.UntilAsync(() => Volatile.Read(ref clashes) >= MinClashes, MaxSeconds);
            await lab.PauseAsync(FollowSeconds);
            // A SYN that is repeated without the rule would be answered without translation.
            foreach (var client in clients)
                await workload.EndClientAsync(client);
        }
        finally
        {
            await lab.RunAsync(3, "nft", $"delete table {family} {Table}");
        }
    }

    // A column of hexadecimal numbers, one for each processor.
    private static long InsertFailed(LabCluster lab)
    {
        string[] lines = lab.Node(3).Namespace.Run(() => File.ReadAllLines("/proc/thread-self/net/stat/nf_conntrack"));
        int column = Array.IndexOf(Columns(lines[0]), "insert_failed");
        return lines.Skip(1).Sum(line => Convert.ToInt64(Columns(line)[column], 16));
    }

    private static string[] Columns(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
