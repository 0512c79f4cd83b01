using ConntrackConsole.Lab.Cluster;
using ConntrackConsole.Lab.Network;
using ConntrackConsole.Lab.Scenarios;

namespace ConntrackConsole.Lab.Incidents;

/// <summary>The Deployment of the Service: replaces its pods one by one, starting the new one before the old one terminates.</summary>
internal sealed class RollingUpdate(
    Kubelet kubelet, GroundTruth truth, LabEventWriter output, RuleSyncTracker rules, LabService service, DeploymentObject deployment,
    EndpointSliceObject slice) : IDisposable
{
    // As recorded: the namespace controller removes the rest some seconds after the last pod.
    private static readonly TimeSpan LastPodDelay = TimeSpan.FromSeconds(2.4), UndoDelay = TimeSpan.FromSeconds(3);

    private readonly SemaphoreSlim _one = new(1, 1);
    private List<LabPod> _pods = [];

    /// <summary>Starts the first pods.</summary>
    public async Task DeployAsync(IReadOnlyList<LabNode> nodes)
    {
        var set = deployment.Current;
        _pods = [.. await Task.WhenAll(nodes.Select(node => kubelet.StartServerAsync(node, deployment, set, slice)))];
    }

    /// <summary>Replaces every pod; waits for a running update first.</summary>
    public async Task RunAsync(RolloutScenario scenario)
    {
        await _one.WaitAsync();
        try
        {
            if (_pods.Count == 0)
                throw new InvalidOperationException("the namespace was deleted");
            truth.Scenario = scenario;
            output.Report("rollout", $"rolling update of {service.Key}, scenario {scenario.Name}", new { scenario = scenario.Name });
            await ReplaceAsync(scenario);
            await scenario.AfterAsync(this);
            output.Report("rollout-done", $"rolling update done, scenario {scenario.Name}", new { scenario = scenario.Name });
        }
        finally
        {
            truth.Scenario = null;
            _one.Release();
        }
    }

    /// <summary>Makes servers send segments beyond the window, each on a random connection.</summary>
    public async Task SendBadSegmentsAsync(int segments)
    {
        int wanted = truth.SegmentsSent + segments;
        // A connection can end between its selection and the segment: then another one is used.
        for (int round = 0; round < 3 && truth.SegmentsSent < wanted; round++)
        {
            await RequestSegmentsAsync(wanted - truth.SegmentsSent);
            await Task.Delay(TimeSpan.FromSeconds(2)); // until the servers have counted the resets received
        }

        await Task.Delay(TimeSpan.FromSeconds(2)); // until the last label is written
    }

    /// <summary>Rolls out an image that does not exist, and undoes it: the new pod never starts, the old ones stay.</summary>
    public async Task RunBadImageAsync() => await AloneAsync(async () =>
    {
        output.Report("rollout", $"rolling update of {service.Key} to an image that does not exist", new { scenario = "bad-image" });
        var former = deployment.Restart();
        var bad = deployment.Current;
        var pod = await kubelet.StartUnstartableAsync(_pods[0].Node, deployment, bad);
        await Task.Delay(UndoDelay);
        deployment.Undo(former);
        deployment.Scale(bad, 0);
        await kubelet.EndUnstartedAsync(pod, deployment, bad);
        output.Report("rollout-done", "the rolling update was undone", new { scenario = "bad-image" });
    });

    /// <summary>The pods on a node.</summary>
    public IReadOnlyList<LabPod> PodsOn(LabNode node) => [.. _pods.Where(pod => pod.Node == node)];

    /// <summary>The endpoints of the pods on a node that was lost, or is back.</summary>
    public void SetReady(LabNode node, bool ready)
    {
        foreach (var pod in PodsOn(node))
            slice.Set(pod.Object, pod.Ip, node.Name, ready, serving: ready, terminating: false);
    }

    /// <summary>The object of a node was deleted: its pods are removed, and replaced on another node.</summary>
    public async Task LeaveNodeAsync(LabNode node, LabNode other) => await AloneAsync(async () =>
    {
        foreach (var pod in _pods.Where(pod => pod.Node == node).ToList())
        {
            await kubelet.CollectAsync(pod, deployment, slice);
            _pods.Remove(pod);
            _pods.Add(await kubelet.StartServerAsync(other, deployment, deployment.Current, slice));
        }
    });

    /// <summary>The namespace is deleted: the pods first, and everything else only when the last one is gone.</summary>
    /// <param name="others">The pods of no Service, with their Deployments.</param>
    /// <param name="isLast">Called when all pods are gone.</param>
    public async Task DeleteNamespaceAsync(IReadOnlyList<(LabPod Pod, DeploymentObject Deployment)> others, Action isLast) => await AloneAsync(async () =>
    {
        output.Report("namespace-deleted", $"namespace {service.Namespace} is deleted: its pods first", new { name = service.Namespace });
        var ending = _pods.Select(pod => kubelet.EndAsync(pod, deployment, slice, Ending.Drain, () => rules.WithoutAsync(pod.Sandbox.Address)))
            .Concat(others.Select(other => kubelet.EndAsync(other.Pod, other.Deployment, null, Ending.Drain, () => Task.CompletedTask)));
        await Task.WhenAll(ending.ToList());
        _pods = [];
        await Task.Delay(LastPodDelay);
        deployment.Delete();
        foreach (var other in others.Select(other => other.Deployment).Distinct())
            other.Delete();
        slice.Delete();
        isLast();
    });

    public void Dispose() => _one.Dispose();

    private async Task AloneAsync(Func<Task> step)
    {
        await _one.WaitAsync();
        try
        {
            if (_pods.Count == 0)
                throw new InvalidOperationException("the namespace was deleted");
            await step();
        }
        finally
        {
            _one.Release();
        }
    }

    private async Task RequestSegmentsAsync(int segments)
    {
        for (int i = 0; i < segments; i++)
        {
            var serving = _pods.Where(pod => truth.ConnectionsTo(pod.Ip).Any(count => count > 0)).ToList();
            if (serving.Count == 0)
                return;
            serving[i % serving.Count].Process.SendLine("invalid");
            await Task.Delay(400);
        }
    }

    private async Task ReplaceAsync(RolloutScenario scenario)
    {
        var old = _pods;
        var howEach = scenario.Endings(old, truth);
        var replacements = new List<LabPod>();
        var endings = new List<Task>();
        var replaced = deployment.Restart();
        foreach (var pod in old)
        {
            deployment.Scale(deployment.Current, replacements.Count + 1);
            replacements.Add(await kubelet.StartServerAsync(pod.Node, deployment, deployment.Current, slice));
            var ending = howEach[replacements.Count - 1];
            if (ending != Ending.Drain)
                truth.SetTermination(pod, scenario.CauseOf(ending));
            deployment.Scale(replaced, old.Count - replacements.Count);
            endings.Add(kubelet.EndAsync(pod, deployment, slice, ending, () => rules.WithoutAsync(pod.Sandbox.Address)));
            await Task.Delay(50); // The next pod is requested after the old one's deletion was observed.
        }

        _pods = replacements;
        await Task.WhenAll(endings);
    }
}
