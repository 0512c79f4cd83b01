using System.Text.Json.Nodes;
using ConntrackConsole.Lab.Cli;
using ConntrackConsole.Lab.Cluster;
using ConntrackConsole.Lab.Instances;
using ConntrackConsole.Lab.KubeProxy;
using ConntrackConsole.Lab.Network;
using ConntrackConsole.Lab.Incidents;

namespace ConntrackConsole.Lab;

/// <summary>The whole lab: built up, run, taken down in the reverse order, whatever happens in between.</summary>
internal sealed class IncidentLab : IAsyncDisposable
{
    private const string ServiceName = "checkout", ClientName = "storefront";
    private static readonly TimeSpan FirstRollout = TimeSpan.FromSeconds(10), NodeHeartbeat = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource _dead = new();
    private readonly LabOptions _options;
    private readonly LabEventWriter _chronicle;
    private readonly Stack<Func<ValueTask>> _takeDown = new();
    private RollingUpdate _rollingUpdate = null!;
    private LabPod _farClient = null!;

    private IncidentLab(LabOptions options, LabEventWriter chronicle)
    {
        _options = options;
        _chronicle = chronicle;
    }

    /// <summary>Builds the lab, plays its story until stopped, and removes it.</summary>
    public static async Task RunAsync(LabOptions options, CancellationToken stop)
    {
        using var chronicle = new LabEventWriter(options.Labels, options.Events);
        await using var lab = new IncidentLab(options, chronicle);
        try
        {
            await lab.BuildAsync(stop);
            await lab.PlayAsync(stop);
        }
        catch (OperationCanceledException)
        {
        }

        chronicle.Say("Taking the lab down ...");
    }

    public async ValueTask DisposeAsync()
    {
        while (_takeDown.TryPop(out var step))
        {
            try
            {
                await step();
            }
            catch (Exception e)
            {
                // The next steps still have something to remove.
                Console.Error.WriteLine($"While taking the lab down: {e.Message}");
            }
        }
    }

    private async Task BuildAsync(CancellationToken stop)
    {
        var instance = LabInstance.Claim(_chronicle.Say);
        Later(() =>
        {
            LeftoverNamespaces.Remove(instance.Prefix); // Whatever a step before this one could not remove.
            instance.Dispose();
        });
        string data = _options.Data ?? instance.CreateDataDirectory();
        Directory.CreateDirectory(data);

        var network = LabNetwork.Create(instance);
        Later(network.Dispose);

        stop.ThrowIfCancellationRequested();
        // The cluster's memory, and who writes into it.
        var store = new ObjectStore();
        var service = new LabService(Kubelet.Namespace, ServiceName, instance.Addresses.Service(10), 80, 8080);
        var events = new EventLog(store, TimeProvider.System);
        var nodes = network.Nodes.Select(NodeObject.Create).ToList();
        foreach (var node in nodes)
            store.Put("nodes", node);
        var beating = BeatAsync(store, nodes);
        Later(_dead.Dispose);
        Later(() => beating);
        Later(_dead.CancelAsync);
        var serviceObject = service.ToJson();
        store.Put("services", serviceObject);
        var slice = new EndpointSliceObject(store, service, serviceObject);
        var rules = new RuleSyncTracker(_chronicle);
        foreach (var node in network.Nodes)
        {
            var proxy = new LabKubeProxy(node, store, [service], rules.Synced);
            proxy.Start();
            Later(proxy.DisposeAsync);
            var endpoints = await ProxyEndpoints.StartAsync(node.Place, proxy.State);
            Later(endpoints.DisposeAsync);
        }

        var api = await ApiServer.StartAsync(store, bookmarkEvery: TimeSpan.FromSeconds(10), _options.Forbidden);
        Later(api.DisposeAsync);
        string kubeconfig = Path.Combine(data, "kubeconfig");
        Kubeconfig.Write(kubeconfig, api);

        var observers = new Observers(_chronicle, data);
        Later(observers.DisposeAsync);
        if (_options.WithConsole)
        {
            int port = Observers.FindPort(_options.Port, instance.Number)
                ?? throw new InvalidOperationException("No port for the console on 127.0.0.1 is free; give one with --port.");
            await observers.StartAsync(kubeconfig, port, network.Nodes, stop);
        }

        var truth = new GroundTruth(_chronicle, service);
        var kubelet = new Kubelet(store, events, instance.Prefix, _chronicle, (pod, report) =>
        {
            if (pod.Name.StartsWith(ClientName, StringComparison.Ordinal))
                truth.FromClient(pod, report);
            else
                truth.FromServer(pod, report);
        });
        Later(kubelet.Dispose);
        Later(kubelet.RemoveAllAsync);
        var deployment = new DeploymentObject(store, events, Kubelet.Namespace, ServiceName, 3, Kubelet.ServerPort, Kubelet.PreStopSeconds);
        _rollingUpdate = new RollingUpdate(kubelet, truth, _chronicle, rules, service, deployment, slice);
        var (first, second, third) = (network.Nodes[0], network.Nodes[1], network.Nodes[2]);
        Later(_rollingUpdate.Dispose);
        await _rollingUpdate.DeployAsync([first, second, first]);
        await rules.WithAsync(network.Nodes.Count, 3);
        stop.ThrowIfCancellationRequested();
        var clients = new DeploymentObject(store, events, Kubelet.Namespace, ClientName, 2, 0, 0);
        var nearClient = await kubelet.StartClientAsync(first, clients, service, _options.Connections);
        _farClient = await kubelet.StartClientAsync(third, clients, service, _options.Connections);

        Introduce(instance, network, service, kubeconfig, nearClient, observers);
        _chronicle.Event("ready", new
        {
            url = observers.Url,
            approverUrl = observers.ApproverUrl,
            instance = instance.Number,
            prefix = instance.Prefix,
            kubeconfig,
            data,
            service = $"{service.Address}:{service.Port}",
            nodes = network.Nodes.Select(node => new { name = node.Name, ip = node.Address.ToString(), netns = node.Place.Name, podCidr = node.PodCidr }),
        });
    }

    private async Task BeatAsync(ObjectStore store, IReadOnlyList<JsonObject> nodes)
    {
        using var timer = new PeriodicTimer(NodeHeartbeat);
        try
        {
            while (await timer.WaitForNextTickAsync(_dead.Token))
            {
                foreach (var node in nodes)
                {
                    NodeObject.Beat(node);
                    store.Put("nodes", node);
                }
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task PlayAsync(CancellationToken stop)
    {
        using var quit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        new ControlLines(ObeyAsync, quit, _chronicle.Say).Start();
        var next = _options.Interval < FirstRollout ? _options.Interval : FirstRollout;
        for (int i = 0; _options.Rollouts is not { } most || i < most; i++)
        {
            await Task.Delay(next, quit.Token);
            var scenario = _options.Scenario ?? Scenarios.All[i % Scenarios.All.Count].Scenario;
            await Task.WhenAll(_rollingUpdate.RunAsync(scenario), Task.Delay(_options.Interval, quit.Token)).WaitAsync(quit.Token);
            next = TimeSpan.Zero;
        }

        _chronicle.Tell("story-done", "No more rolling updates; the lab stays up until it is stopped.");
        await Task.Delay(Timeout.Infinite, quit.Token);
    }

    private async Task ObeyAsync(ControlLine line)
    {
        switch (line)
        {
            case ControlLine.Rollout rollout:
                await _rollingUpdate.RunAsync(rollout.Scenario);
                break;
            case ControlLine.Invalid invalid:
                await _rollingUpdate.SpoilAsync(invalid.Segments);
                break;
            case ControlLine.Abort abort:
                _farClient.Process.Tell($"abort {abort.How}");
                break;
        }
    }

    private void Introduce(LabInstance instance, LabNetwork network, LabService service, string kubeconfig, LabPod nearClient, Observers observers)
    {
        _chronicle.Say($"""

            Lab {instance.Number} is up. No packet of it can leave this machine; Ctrl-C removes it all.
              nodes     {string.Join("   ", network.Nodes.Select(node => $"{node.Name} {node.Address} (pods {node.PodCidr})"))}
              Service   {service.Key} {service.Address}:{service.Port}, three pods on node1 and node2
              clients   {nearClient.Name} on node1 and {_farClient.Name} on node3, {_options.Connections} keep-alive connections each
              look      ip netns exec {network.Nodes[2].Place.Name} conntrack -L
              cluster   kubectl --kubeconfig {kubeconfig} get pods -n {service.Namespace} --watch
            """);
        if (observers.Url.Length > 0)
        {
            _chronicle.Say($"\n  Open      {observers.Url}   ({Observers.Operator}, operator)");
            _chronicle.Say($"  Approve   {observers.ApproverUrl}   ({Observers.Approver}, approver; in another browser or a private window)\n");
        }
    }

    private void Later(Action step) => Later(() =>
    {
        step();
        return ValueTask.CompletedTask;
    });

    private void Later(Func<Task> step) => Later(() => new ValueTask(step()));

    private void Later(Func<ValueTask> step) => _takeDown.Push(step);
}
