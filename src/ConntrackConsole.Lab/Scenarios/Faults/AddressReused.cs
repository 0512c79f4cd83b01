using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Lab.Incidents;

namespace ConntrackConsole.Lab.Scenarios.Faults;

internal sealed class AddressReused : Scenario
{
    private const int Connections = 8;

    public override string Name => "address-reused";

    public override string Summary => "a new pod of the Service gets the address of one that vanished, and resets the connections of its predecessor";

    public override string Mechanism => "M5";

    public override string Code => MechanismCodes.AddressReused;

    // Its clients hang from the end of the one pod to the start of the other.
    public override IReadOnlyList<string> AlsoTrue => [MechanismCodes.BlackHole];

    public override async Task RunAsync(LabCluster lab)
    {
        string? reused = null;
        bool isReset = false;
        await using var workload = await LabWorkload.StartAsync(lab, this, [2, 1]);
        await workload.StartClientAsync(3, (pod, report) =>
        {
            if (report.Event != "reset" || !report.IsAt(reused))
                return;
            workload.Label(pod, report.Local, report.Backend, LabelKinds.FromBackend, 1);
            Volatile.Write(ref isReset, true);
        }, "client", "--target", workload.Target, "--connections", $"{Connections}");
        await workload.ConnectedAsync(Connections);
        var former = workload.Busiest;
        reused = former.Ip;
        await workload.EndAsync(former, Ending.Vanish, () => workload.WithoutAsync(former));
        await workload.AddPodAsync(former.Node.Number, former.Sandbox.Address);
        // The hanging requests are sent again at growing intervals.
        await lab.PauseAsync(8);
        await lab.UntilAsync(() => Volatile.Read(ref isReset), 60);
        await lab.PauseAsync(FollowSeconds);
    }
}
