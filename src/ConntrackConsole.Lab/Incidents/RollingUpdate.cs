using ConntrackConsole.Lab.Cluster;
using ConntrackConsole.Lab.Network;

namespace ConntrackConsole.Lab.Incidents;

/// <summary>The Deployment of the Service: replaces its pods one by one, starting the new one before the old one terminates.</summary>
internal sealed class RollingUpdate(
    Kubelet kubelet, GroundTruth truth, LabEventWriter output, RuleSyncTracker rules, LabService service, DeploymentObject deployment,
    EndpointSliceObject slice) : IDisposable
{
    private const int InvalidSegments = 6;

    private readonly SemaphoreSlim _one = new(1, 1);
    private List<LabPod> _pods = [];

    /// <summary>Starts the first pods.</summary>
    public async Task DeployAsync(IReadOnlyList<LabNode> nodes)
    {
        var set = deployment.Current;
        _pods = [.. await Task.WhenAll(nodes.Select(node => kubelet.StartServerAsync(node, deployment, set, slice)))];
    }

    /// <summary>Replaces every pod; waits for a running update first.</summary>
    public async Task RunAsync(Scenario scenario)
    {
        await _one.WaitAsync();
        try
        {
            truth.Scenario = scenario;
            output.Report("rollout", $"rolling update of {service.Key}, scenario {scenario.Name()}", new { scenario = scenario.Name() });
            await ReplaceAsync(scenario);
            if (scenario == Scenario.Invalid)
            {
                // Clients have reconnected to the new pods by now: these connections get the bad segments.
                await Task.Delay(TimeSpan.FromSeconds(2));
                await SendBadSegmentsAsync(InvalidSegments);
            }

            output.Report("rollout-done", $"rolling update done, scenario {scenario.Name()}", new { scenario = scenario.Name() });
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

    public void Dispose() => _one.Dispose();

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

    private async Task ReplaceAsync(Scenario scenario)
    {
        var old = _pods;
        // A pod with connections from each client, so that the hang appears on the pod's node and on another.
        var victim = scenario == Scenario.Blackhole ? old.MaxBy(pod => truth.ConnectionsTo(pod.Ip).DefaultIfEmpty().Min()) : null;
        var replacements = new List<LabPod>();
        var endings = new List<Task>();
        var replaced = deployment.Restart();
        foreach (var pod in old)
        {
            deployment.Scale(deployment.Current, replacements.Count + 1);
            replacements.Add(await kubelet.StartServerAsync(pod.Node, deployment, deployment.Current, slice));
            var ending = scenario == Scenario.EarlyExit ? Ending.ExitImmediately : pod == victim ? Ending.Vanish : Ending.Drain;
            if (ending != Ending.Drain)
                truth.SetTermination(pod, scenario);
            deployment.Scale(replaced, old.Count - replacements.Count);
            endings.Add(kubelet.EndAsync(pod, deployment, slice, ending, () => rules.WithoutAsync(pod.Sandbox.Address)));
            await Task.Delay(50); // The next pod is requested after the old one's deletion was observed.
        }

        _pods = replacements;
        await Task.WhenAll(endings);
    }
}
