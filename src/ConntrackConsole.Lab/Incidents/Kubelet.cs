using System.Collections.Concurrent;
using ConntrackConsole.Lab.Cluster;
using ConntrackConsole.Lab.Network;
using ConntrackConsole.Lab.Processes;
using ConntrackConsole.Lab.Workload;

namespace ConntrackConsole.Lab.Incidents;

/// <summary>
/// The kubelets of all nodes: start and stop pods, and update the API server in the order of a real cluster.
/// The pauses are taken from recordings of a 1.36 cluster.
/// </summary>
internal sealed class Kubelet(
    ObjectStore store, EventLog events, string prefix, LabEventWriter output, Action<LabPod, WorkloadReport> report, bool probes = false) : IDisposable
{
    public const string Namespace = "shop";
    public const int PreStopSeconds = 2;
    public const int ServerPort = 8080;

    private static readonly TimeSpan UnreadBeforeKill = TimeSpan.FromSeconds(0.7);

    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<string, LabPod> _pods = new();
    private readonly ConcurrentDictionary<string, PodSandbox> _sandboxes = new();

    private static readonly TimeSpan ListedAfterTermination = TimeSpan.FromSeconds(1.5);

    public async Task<LabPod> StartServerAsync(
        LabNode node, DeploymentObject deployment, ReplicaSetObject set, EndpointSliceObject? slice, PodStart? start = null)
    {
        start ??= new PodStart(["serve", "--port", $"{ServerPort}"], report);
        var pod = await StartAsync(node, deployment, set, ServerPort, PreStopSeconds, start, waitFor: "listening");
        pod.Object.Running(pod.Ip);
        await PauseAsync(5, 15);
        slice?.Set(pod.Object, pod.Ip, node.Name, ready: false, serving: false, terminating: false);
        await PauseAsync(10, 40);
        pod.Object.Ready();
        await PauseAsync(5, 20);
        deployment.Ready(set);
        await PauseAsync(1, 20);
        slice?.Set(pod.Object, pod.Ip, node.Name, ready: true, serving: true, terminating: false);
        if (probes && start.Traits is not { Protocol: not "TCP" })
            _ = ReadinessProbe.RunAsync(node, pod.Sandbox.Address, ServerPort, pod.Process.Exited, _stopping.Token);
        return pod;
    }

    public Task<LabPod> StartClientAsync(LabNode node, DeploymentObject deployment, LabService service, int connections) => StartClientAsync(
        node, deployment, new PodStart(["client", "--target", service.Endpoint, "--connections", $"{connections}"], report));

    public async Task<LabPod> StartClientAsync(LabNode node, DeploymentObject deployment, PodStart start)
    {
        var set = deployment.Current;
        var pod = await StartAsync(node, deployment, set, 0, 0, start, waitFor: null);
        pod.Object.Running(pod.Ip);
        await PauseAsync(10, 40);
        pod.Object.Ready();
        await PauseAsync(5, 20);
        deployment.Ready(set);
        return pod;
    }

    /// <summary>
    /// Terminates a pod, from the deletion of its object to its removal. <paramref name="settled"/> (the rules of all
    /// nodes) is awaited before a pod drains, and before it vanishes, so that only existing connections are affected.
    /// </summary>
    /// <param name="slice">Null for a pod of no Service.</param>
    public async Task EndAsync(LabPod pod, DeploymentObject deployment, EndpointSliceObject? slice, Ending ending, Func<Task> settled)
    {
        var order = EndingOrder.Draw(Random.Shared);
        await PauseAsync(5, 20);
        if (ending != Ending.CloseListener && order.SliceBeforeMark)
            await DrainEndpointAsync();
        pod.Object.Terminating();
        output.Report("terminating", $"{pod.Name} ({pod.Ip}) on {pod.Node.Name} is terminating", Fields(pod));
        await PauseAsync(1, 15);
        bool drainsLate = ending == Ending.CloseListener;
        if (!drainsLate && order is { SliceBeforeMark: false, KillingBeforeSlice: false })
            await DrainEndpointAsync();
        events.Record(pod.Object.Json, pod.Object.Version, "Killing", "Stopping container app", "kubelet", pod.Node.Name);
        await PauseAsync(1, 35);
        if (!drainsLate && order.KillingBeforeSlice)
            await DrainEndpointAsync();
        deployment.Deleted(pod.Set, pod.Name);
        await PauseAsync(1, 10);
        pod.Object.TerminationObserved();

        int exitCode;
        switch (ending)
        {
            case Ending.Drain:
                // The preStop sleep gives the rules time to follow; on a busy machine they may take longer.
                await Task.WhenAll(Task.Delay(TimeSpan.FromSeconds(PreStopSeconds), _stopping.Token), settled());
                output.Event("sigterm", Fields(pod));
                exitCode = await pod.Process.StopAsync(TimeSpan.FromSeconds(30));
                break;
            case Ending.ExitImmediately:
                pod.Process.SendLine("exit-at-once");
                await PauseAsync(300, 400);
                output.Event("sigterm", Fields(pod));
                exitCode = await pod.Process.StopAsync(TimeSpan.FromSeconds(30));
                break;
            case Ending.CloseListener:
                // The slice follows late, as with a busy endpoint controller.
                output.Event("sigterm", Fields(pod));
                pod.Process.Signal(ProcessCalls.SIGTERM);
                await Task.Delay(ListedAfterTermination, _stopping.Token);
                await DrainEndpointAsync();
                exitCode = await pod.Process.Exited.WaitAsync(TimeSpan.FromSeconds(30));
                break;
            case Ending.KillAtGraceEnd:
                output.Event("sigterm", Fields(pod));
                pod.Process.Signal(ProcessCalls.SIGTERM);
                await Task.Delay(TimeSpan.FromSeconds(pod.Object.Grace) - UnreadBeforeKill, _stopping.Token);
                pod.Process.SendLine("stall"); // Requests arrive that it does not read: the kernel resets their connections.
                await Task.Delay(UnreadBeforeKill, _stopping.Token);
                pod.Process.Signal(ProcessCalls.SIGKILL);
                exitCode = await pod.Process.Exited;
                break;
            default:
                await settled();
                pod.Sandbox.Disconnect();
                output.Report("vanished", $"{pod.Name}: its link is down before its process is killed, so peers receive neither FIN nor RST", Fields(pod));
                pod.Process.Signal(ProcessCalls.SIGKILL);
                exitCode = await pod.Process.Exited;
                break;
        }

        output.Event("exited", new { pod = pod.Name, ip = pod.Ip, node = pod.Node.Name, exitCode });
        await PauseAsync(60, 180);
        if (order.EndpointBeforePhase)
            RemoveEndpoint(pod, slice);
        pod.Object.Ended(exitCode);
        await PauseAsync(2, 15);
        if (order is { EndpointBeforePhase: false, EndpointAfterObject: false })
            RemoveEndpoint(pod, slice);
        await PauseAsync(2, 10);
        deployment.Ended(pod.Set);
        await PauseAsync(100, 300);
        Remove(pod);
        await PauseAsync(200, 600);
        pod.Object.Delete();
        if (order.EndpointAfterObject)
        {
            await PauseAsync(2, 20);
            RemoveEndpoint(pod, slice);
        }

        output.Report("deleted", $"{pod.Name} is gone (exit {exitCode})", new { pod = pod.Name, ip = pod.Ip, node = pod.Node.Name, exitCode });

        async Task DrainEndpointAsync()
        {
            slice?.Set(pod.Object, pod.Ip, pod.Node.Name, ready: false, serving: true, terminating: true);
            await PauseAsync(1, 15);
        }
    }

    /// <summary>Kills and removes everything when the lab ends.</summary>
    public async Task RemoveAllAsync()
    {
        await _stopping.CancelAsync(); // Operations in progress stop at their next pause.
        foreach (var pod in _pods.Values)
            pod.Process.Signal(ProcessCalls.SIGKILL);
        foreach (var pod in _pods.Values)
            await pod.Process.Exited;
        foreach (var pod in _pods.Values)
            Remove(pod);
        foreach (var sandbox in _sandboxes.Values)
            sandbox.Remove();
    }

    public void Dispose() => _stopping.Dispose();

    private async Task<LabPod> StartAsync(
        LabNode node, DeploymentObject deployment, ReplicaSetObject set, int port, int preStop, PodStart start, string? waitFor)
    {
        var pod = new PodObject(
            store, Namespace, deployment.App, set.Hash, node.Name, node.Address.ToString(), port, preStop, set.Json, traits: start.Traits);
        await PauseAsync(5, 20);
        pod.Add();
        long added = pod.Version;
        await PauseAsync(15, 30);
        pod.Scheduled();
        long scheduled = pod.Version;
        await PauseAsync(1, 10);
        deployment.Created(set, pod.Name);
        await PauseAsync(5, 25);
        pod.Creating();
        events.Scheduled(pod.Json, added, node.Name);
        var sandbox = await Task.Run(() => start.Traits is { HostNetwork: true }
            ? PodSandbox.OfHost(node) : PodSandbox.Create(node, prefix, pod.Name, start.Address, isRouted: !start.ListensFirst));
        _sandboxes[pod.Name] = sandbox;
        RecordEvent("Pulled", $"Container image \"{pod.Image}\" already present on machine and can be accessed by the pod");
        await PauseAsync(1, 10);
        pod.SandboxReady();
        await PauseAsync(1, 15);
        RecordEvent("Created", "Container created");

        var running = new TaskCompletionSource<LabPod>(TaskCreationOptions.RunContinuationsAsynchronously);
        var awaited = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var process = ChildProcess.Start(sandbox.Namespace, start.Arguments, line =>
        {
            if (WorkloadReport.TryParse(line) is not { } parsed)
            {
                output.Report("process-output", $"{pod.Name}: {line}", new { pod = pod.Name, line });
                return;
            }

            if (parsed.Event == waitFor)
                awaited.TrySetResult();
            start.Observe(running.Task.GetAwaiter().GetResult(), parsed);
        });
        var started = new LabPod(pod, set, node, sandbox, process);
        _pods[pod.Name] = started;
        running.SetResult(started);
        if (waitFor is not null)
        {
            var first = await Task.WhenAny(awaited.Task, process.Exited).WaitAsync(TimeSpan.FromSeconds(60));
            if (first != awaited.Task)
                throw new InvalidOperationException($"{pod.Name} exited before it was ready, with exit code {process.Exited.Result}.");
        }

        if (start.ListensFirst)
            sandbox.Route();

        RecordEvent("Started", "Container started");
        output.Event("started", Fields(started));
        await PauseAsync(5, 15);
        return started;

        void RecordEvent(string reason, string message) => events.Record(pod.Json, scheduled, reason, message, "kubelet", node.Name);
    }

    /// <summary>A pod with an image that does not exist: it is created and waits.</summary>
    public async Task<PodObject> StartUnstartableAsync(LabNode node, DeploymentObject deployment, ReplicaSetObject set)
    {
        var pod = new PodObject(store, Namespace, deployment.App, set.Hash, node.Name, node.Address.ToString(), ServerPort, PreStopSeconds, set.Json);
        pod.Add();
        long added = pod.Version;
        await PauseAsync(15, 30);
        pod.Scheduled();
        deployment.Created(set, pod.Name);
        await PauseAsync(5, 25);
        pod.Creating();
        events.Scheduled(pod.Json, added, node.Name);
        await PauseAsync(200, 400);
        pod.ImageMissing();
        return pod;
    }

    /// <summary>It has no container to stop: no Killing, and nothing is known about its end.</summary>
    public async Task EndUnstartedAsync(PodObject pod, DeploymentObject deployment, ReplicaSetObject set)
    {
        pod.Terminating();
        await PauseAsync(1, 35);
        deployment.Deleted(set, pod.Name, wasReady: false);
        pod.TerminationObserved();
        await PauseAsync(60, 180);
        pod.EndedUnstarted();
        deployment.Ended(set);
        await PauseAsync(100, 300);
        pod.Delete();
    }

    /// <summary>The node's object was deleted: the garbage collection of pods removes this one; no kubelet reports anything.</summary>
    public async Task CollectAsync(LabPod pod, DeploymentObject deployment, EndpointSliceObject? slice)
    {
        pod.Object.MarkOrphaned();
        await PauseAsync(1, 15);
        RemoveEndpoint(pod, slice);
        await PauseAsync(10, 40);
        pod.Object.DeleteOrphaned();
        deployment.Deleted(pod.Set, pod.Name, isReported: false);
        deployment.Ended(pod.Set);
        pod.Process.Signal(ProcessCalls.SIGKILL);
        await pod.Process.Exited;
        Remove(pod);
        output.Report("deleted", $"{pod.Name} was removed with its node", Fields(pod));
    }

    private void RemoveEndpoint(LabPod pod, EndpointSliceObject? slice)
    {
        slice?.Remove(pod.Object);
        output.Event("endpoint-removed", Fields(pod));
    }

    private void Remove(LabPod pod)
    {
        pod.Sandbox.Remove();
        pod.Process.Dispose();
        _sandboxes.TryRemove(pod.Name, out _);
        _pods.TryRemove(pod.Name, out _);
    }

    private static object Fields(LabPod pod) => new { pod = pod.Name, ip = pod.Ip, node = pod.Node.Name };

    private Task PauseAsync(int minMs, int maxMs) => Task.Delay(Random.Shared.Next(minMs, maxMs + 1), _stopping.Token);
}
