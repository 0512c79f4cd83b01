using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Lab.Incidents;

namespace ConntrackConsole.Lab.Scenarios.Faults;

internal sealed class SynReuse : Scenario
{
    private const int SourcePorts = 8;

    // As many as the ports can have in the twelve seconds of a machine that is not busy.
    private const int MinAttempts = 3 * SourcePorts;

    public override string Name => "syn-reuse";

    public override string Summary => "a client with few source ports uses its unanswered entries to a vanished pod again and again";

    public override string Mechanism => "M6b";

    public override string Code => MechanismCodes.SynReuse;

    // A request that was under way when the pod vanished hangs.
    public override IReadOnlyList<string> AlsoTrue => [MechanismCodes.BlackHole];

    public override async Task RunAsync(LabCluster lab)
    {
        string? gone = null;
        int attempts = 0;
        await using var workload = await LabWorkload.StartAsync(lab, this, [2, 1], ["serve", "--port", $"{Kubelet.ServerPort}", "--close-after-answer"]);
        await workload.StartClientAsync(3, (pod, report) =>
        {
            if (gone is null || report is not { Event: "connect-timeout", Local: { } local })
                return;
            // The client cannot know where its SYNs went: the kernel does. A live pod of a busy machine is slow, too.
            // The entry of a connection that was open when the pod vanished takes SYNs as well, but it is no unanswered one.
            bool isGone = LabCluster.EntryOf(pod, local, workload.Service) is { State: FlowState.SynSent } entry && entry.Reply.Src.ToString() == gone;
            workload.Label(pod, local, isGone ? LabPod.At(gone!, Kubelet.ServerPort) : null, LabelKinds.ConnectTimeout, 0, isGone, report.Since);
            if (isGone)
                Interlocked.Increment(ref attempts);
        }, "request", "--target", workload.Target, "--interval-ms", "150", "--timeout-ms", "1500", "--source-ports", $"{SourcePorts}");
        await workload.ConnectedAsync();
        var former = workload.Pods[0];
        // Its rules follow a second later or more, as on a busy node: ports have a SYN to the pod.
        lab.Proxy(3).Pause();
        var ended = workload.EndAsync(former, Ending.Vanish);
        await lab.PauseAsync(1);
        await lab.UnansweredAsync(3, former);
        lab.Proxy(3).Resume();
        await workload.WithoutAsync(former);
        // From now on no rule leads to it: what still goes there does so by an old entry.
        await lab.PauseAsync(1.5);
        gone = former.Ip;
        await ended;
        await lab.PauseAsync(12);
        await lab.UntilAsync(() => Volatile.Read(ref attempts) >= MinAttempts, 60);
        await lab.PauseAsync(FollowSeconds);
    }
}
