
using ConntrackConsole.Lab.Cluster;
using ConntrackConsole.Lab.Network;

namespace ConntrackConsole.Lab.Incidents;

/// <summary>The Deployment of the Service: its pods, replaced one by one, the new one before the old one goes.</summary>
internal sealed class RollingUpdate(
    Kubelet kubelet, GroundTruth truth, LabEventWriter chronicle, RuleSyncTracker rules, LabService service, DeploymentObject deployment,
    EndpointSliceObject slice) : IDisposable
{
    private const int InvalidSegments = 6;

    private readonly SemaphoreSlim _one = new(1, 1);
    private List<LabPod> _pods = [];

    /// <summary>The first pods.</summary>
    public async Task DeployAsync(IReadOnlyList<LabNode> places)
    {
        var set = deployment.Current;
        _pods = [.. await Task.WhenAll(places.Select(node => kubelet.StartServerAsync(node, deployment, set, slice)))];
    }

    /// <summary>Replaces every pod; waits for an update that is still going on.</summary>
    public async Task RunAsync(Scenario scenario)
    {
        await _one.WaitAsync();
        try
        {
            truth.Scenario = scenario;
            chronicle.Tell("rollout", $"rolling update of {service.Key}, scenario {scenario.Name()}", new { scenario = scenario.Name() });
            await ReplaceAsync(scenario);
            if (scenario == Scenario.Invalid)
            {
                // Clients have come back to the new pods by now: these are the connections to spoil.
                await Task.Delay(TimeSpan.FromSeconds(2));
                await SpoilAsync(InvalidSegments);
            }

            chronicle.Tell("rollout-done", $"rolling update done, scenario {scenario.Name()}", new { scenario = scenario.Name() });
        }
        finally
        {
            truth.Scenario = null;
            _one.Release();
        }
    }

    /// <summary>Lets servers send segments beyond the window, each on a connection chosen by chance.</summary>
    public async Task SpoilAsync(int segments)
    {
        int wanted = truth.SegmentsSent + segments;
        // A connection can end between being chosen and being spoilt: then another one has to do.
        for (int round = 0; round < 3 && truth.SegmentsSent < wanted; round++)
        {
            await AskAsync(wanted - truth.SegmentsSent);
            await Task.Delay(TimeSpan.FromSeconds(2)); // until the servers have counted what came back
        }

        await Task.Delay(TimeSpan.FromSeconds(2)); // until the last label is written
    }

    public void Dispose() => _one.Dispose();

    private async Task AskAsync(int segments)
    {
        for (int i = 0; i < segments; i++)
        {
            var serving = _pods.Where(pod => truth.ConnectionsTo(pod.Ip).Any(count => count > 0)).ToList();
            if (serving.Count == 0)
                return;
            serving[i % serving.Count].Process.Tell("invalid");
            await Task.Delay(400);
        }
    }

    private async Task ReplaceAsync(Scenario scenario)
    {
        var old = _pods;
        // A pod that each client talks to, so that the hang shows on the pod's node and on another.
        var victim = scenario == Scenario.Blackhole ? old.MaxBy(pod => truth.ConnectionsTo(pod.Ip).DefaultIfEmpty().Min()) : null;
        var fresh = new List<LabPod>();
        var endings = new List<Task>();
        var replaced = deployment.Restart();
        foreach (var pod in old)
        {
            deployment.Scale(deployment.Current, fresh.Count + 1);
            fresh.Add(await kubelet.StartServerAsync(pod.Node, deployment, deployment.Current, slice));
            var ending = scenario == Scenario.EarlyExit ? Ending.AtOnce : pod == victim ? Ending.Vanish : Ending.Drain;
            if (ending != Ending.Drain)
                truth.Ends(pod, scenario);
            deployment.Scale(replaced, old.Count - fresh.Count);
            endings.Add(kubelet.EndAsync(pod, deployment, slice, ending, () => rules.WithoutAsync(pod.Sandbox.Address)));
            await Task.Delay(50); // The next pod is asked for when the old one's deletion has been seen.
        }

        _pods = fresh;
        await Task.WhenAll(endings);
    }
}
