using System.Text.Json.Nodes;
using ConntrackConsole.Lab.Cli;
using ConntrackConsole.Lab.Cluster;
using ConntrackConsole.Lab.Instances;
using ConntrackConsole.Lab.KubeProxy;
using ConntrackConsole.Lab.Network;
using ConntrackConsole.Lab.Incidents;
using ConntrackConsole.Lab.Scenarios;

namespace ConntrackConsole.Lab;

/// <summary>The whole lab: creates, runs and removes everything, the latter in reverse order even if a step fails.</summary>
internal sealed class IncidentLab : IAsyncDisposable
{
    private const string ClientName = "storefront";
    private static readonly TimeSpan FirstRolloutDelay = TimeSpan.FromSeconds(10), NodeHeartbeatInterval = TimeSpan.FromSeconds(10);

    // A real API server takes some seconds to read its roles; a real garbage collection starts within a minute.
    private static readonly TimeSpan ApiStart = TimeSpan.FromSeconds(3), GarbageCollectionDelay = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _disposing = new();
    private readonly LabOptions _options;
    private readonly LabEventWriter _output;
    private readonly Stack<Func<ValueTask>> _cleanup = new();
    private RollingUpdate _rollingUpdate = null!;
    private LabCluster _cluster = null!;
    private LabPod _farClient = null!;
    private Func<ControlLine, Task> _controlPlane = null!;

    private IncidentLab(LabOptions options, LabEventWriter output)
    {
        _options = options;
        _output = output;
    }

    /// <summary>Creates the lab, runs the scenarios until stopped, and removes it.</summary>
    public static async Task RunAsync(LabOptions options, CancellationToken stop)
    {
        using var output = new LabEventWriter(options.Labels, options.Events);
        await using var lab = new IncidentLab(options, output);
        try
        {
            await lab.BuildAsync(stop);
            await lab.RunScenariosAsync(stop);
        }
        catch (OperationCanceledException)
        {
        }

        output.Print("Removing the lab ...");
    }

    public async ValueTask DisposeAsync()
    {
        while (_cleanup.TryPop(out var step))
        {
            try
            {
                await step();
            }
            catch (Exception e)
            {
                // The remaining steps must still run.
                Console.Error.WriteLine($"Error while removing the lab: {e.Message}");
            }
        }
    }

    private async Task BuildAsync(CancellationToken stop)
    {
        var instance = LabInstance.Claim(_output.Print);
        Defer(() =>
        {
            StaleNamespaces.Remove(instance.Prefix); // Whatever an earlier step could not remove.
            instance.Dispose();
        });
        string data = _options.Data ?? instance.CreateDataDirectory();
        Directory.CreateDirectory(data);

        if (_options.Variant.HasScriptedRules)
            ScriptRules.RequireProgram();
        var network = LabNetwork.Create(instance, _options.Variant.Nodes, new AddressPlan(instance.Number, _options.Variant.IPv6));
        Defer(network.Dispose);

        stop.ThrowIfCancellationRequested();
        // The cluster's object store and its writers.
        var store = new ObjectStore();
        var service = new LabService(Kubelet.Namespace, RolloutScenario.ServiceName, network.Addresses.Service(10), 80, 8080);
        var events = new EventLog(store, TimeProvider.System);
        var nodes = network.Nodes.Select(NodeObject.Create).ToList();
        foreach (var node in nodes)
            store.Put("nodes", node);
        var heartbeats = HeartbeatAsync(store, nodes);
        Defer(_disposing.Dispose);
        Defer(() => heartbeats);
        Defer(_disposing.CancelAsync);
        var serviceObject = service.ToJson();
        store.Put("services", serviceObject);
        var slice = new EndpointSliceObject(store, service, serviceObject);
        var rules = new RuleSyncTracker(_output);
        var proxies = new List<LabKubeProxy>();
        foreach (var node in network.Nodes)
        {
            var proxy = new LabKubeProxy(node, store, rules.Synced, _options.Variant.HasScriptedRules ? new ScriptRules(node.Namespace, _options.Variant.IPv6, _options.Variant.Maps) : new ServiceRules(node.Namespace));
            proxy.Start();
            proxy.Add(service);
            proxies.Add(proxy);
            Defer(proxy.DisposeAsync);
            var endpoints = await ProxyEndpoints.StartAsync(node.Namespace, proxy.State);
            Defer(endpoints.DisposeAsync);
        }

        var api = await ApiServer.StartAsync(store, bookmarkInterval: TimeSpan.FromSeconds(10), _options.Forbidden);
        Defer(api.DisposeAsync);
        string kubeconfig = Path.Combine(data, "kubeconfig");
        Kubeconfig.Write(kubeconfig, api);

        var observers = new Observers(_output, data);
        Defer(observers.DisposeAsync);
        if (_options.WithConsole)
        {
            int port = Observers.FindPort(_options.Port, instance.Number)
                ?? throw new InvalidOperationException("No port on 127.0.0.1 is free for the console; choose one with --port.");
            await observers.StartAsync(kubeconfig, port, network.Nodes, stop);
        }

        var truth = new GroundTruth(_output, service);
        var kubelet = new Kubelet(store, events, instance.Prefix, _output, (pod, report) =>
        {
            if (pod.Name.StartsWith(ClientName, StringComparison.Ordinal))
                truth.FromClient(pod, report);
            else
                truth.FromServer(pod, report);
        }, _options.Probes);
        Defer(kubelet.Dispose);
        Defer(kubelet.RemoveAllAsync);
        var deployment = new DeploymentObject(store, events, Kubelet.Namespace, RolloutScenario.ServiceName, 3, Kubelet.ServerPort, Kubelet.PreStopSeconds);
        _rollingUpdate = new RollingUpdate(kubelet, truth, _output, rules, service, deployment, slice);
        var (first, second, third) = (network.Nodes[0], network.Nodes[Math.Min(1, network.Nodes.Count - 1)], network.Nodes[^1]);
        Defer(_rollingUpdate.Dispose);
        await _rollingUpdate.DeployAsync([first, second, first]);
        await rules.WithAsync(service, network.Nodes.Count, 3);
        stop.ThrowIfCancellationRequested();
        var clients = new DeploymentObject(store, events, Kubelet.Namespace, ClientName, 2, 0, 0);
        int connections = Math.Max(1, (int)(_options.Connections * _options.Variant.Rate));
        var nearClient = await kubelet.StartClientAsync(first, clients, service, connections);
        _farClient = await kubelet.StartClientAsync(third, clients, service, connections);

        var statefulSet = new Lazy<StatefulSetObject>(() => new StatefulSetObject(
            store, events, Kubelet.Namespace, "db", (first.Name, first.Address.ToString()),
            (minMs, maxMs) => Task.Delay(Random.Shared.Next(minMs, maxMs + 1), _disposing.Token)));
        Defer(() =>
        {
            if (statefulSet.IsValueCreated)
                statefulSet.Value.Dispose();
        });
        _controlPlane = line => line switch
        {
            ControlLine.RestartApi restart => api.RestartAsync(TimeSpan.FromSeconds(restart.DownSeconds), ApiStart, _disposing.Token),
            ControlLine.DeleteNode => DeleteNodeAsync(),
            ControlLine.StatefulSet { Replicas: { } replicas } => statefulSet.Value.ScaleAsync(replicas),
            ControlLine.StatefulSet => statefulSet.Value.RestartAsync(),
            ControlLine.DeleteNamespace => DeleteNamespaceAsync(),
            ControlLine.Gap gap => observers.InterruptAsync(TimeSpan.FromSeconds(gap.Seconds), _disposing.Token),
            _ => Task.CompletedTask,
        };

        _cluster = new LabCluster
        {
            Instance = instance,
            Network = network,
            Store = store,
            Events = events,
            Kubelet = kubelet,
            Rules = rules,
            Proxies = proxies,
            Output = _output,
            Truth = truth,
            RollingUpdate = _rollingUpdate,
            NodeObjects = nodes,
            Silence = observers.Silence,
            Variant = _options.Variant,
            Stop = _disposing.Token,
        };
        Defer(_disposing.CancelAsync); // Scenarios stop before their pods are removed.
        PrintSummary(instance, network, service, kubeconfig, nearClient, observers);
        _output.Event("ready", new
        {
            url = observers.Url,
            approverUrl = observers.ApproverUrl,
            instance = instance.Number,
            prefix = instance.Prefix,
            kubeconfig,
            data,
            service = service.Endpoint,
            nodes = network.Nodes.Select(node => new { name = node.Name, ip = node.Address.ToString(), netns = node.Namespace.Name, podCidr = node.PodCidr }),
        });

        async Task DeleteNodeAsync()
        {
            var lost = nodes.First(node => (string?)node["metadata"]!["name"] == second.Name);
            lock (nodes)
                nodes.Remove(lost);
            store.Delete("nodes", lost);
            _output.Report("node-deleted", $"{second.Name} was deleted; its pods are garbage-collected", new { node = second.Name });
            await Task.Delay(GarbageCollectionDelay, _disposing.Token);
            await _rollingUpdate.LeaveNodeAsync(second, first);
        }

        async Task DeleteNamespaceAsync()
        {
            events.Terminate(service.Namespace);
            if (statefulSet.IsValueCreated)
                await statefulSet.Value.DeletePodsAsync();
            await _rollingUpdate.DeleteNamespaceAsync([(nearClient, clients), (_farClient, clients)], () =>
            {
                store.Delete("services", serviceObject);
                if (statefulSet.IsValueCreated)
                    statefulSet.Value.Delete();
            });
        }
    }

    private async Task HeartbeatAsync(ObjectStore store, IReadOnlyList<JsonObject> nodes)
    {
        using var timer = new PeriodicTimer(NodeHeartbeatInterval);
        try
        {
            while (await timer.WaitForNextTickAsync(_disposing.Token))
            {
                lock (nodes)
                {
                    foreach (var node in nodes)
                    {
                        NodeObject.Heartbeat(node);
                        store.Put("nodes", node);
                    }
                }
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task RunScenariosAsync(CancellationToken stop)
    {
        using var quit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        new ControlLines(ExecuteAsync, quit, _output.Print).Start();
        var next = _options.Interval < FirstRolloutDelay ? _options.Interval : FirstRolloutDelay;
        for (int i = 0; _options.Rollouts is not { } max || i < max; i++)
        {
            await Task.Delay(next, quit.Token);
            var scenario = _options.Scenario ?? ScenarioRegistry.InTurn[i % ScenarioRegistry.InTurn.Count];
            await Task.WhenAll(RunAsync(scenario), Task.Delay(_options.Interval, quit.Token)).WaitAsync(quit.Token);
            next = TimeSpan.Zero;
        }

        _output.Report("story-done", "All scenarios are done; the lab runs until it is stopped.");
        await Task.Delay(Timeout.Infinite, quit.Token);
    }

    private async Task RunAsync(Scenario scenario)
    {
        var fields = new { scenario = scenario.Name, mechanism = scenario.Mechanism, code = scenario.Code, alsoTrue = scenario.AlsoTrue, service = scenario.ServiceKey, parts = scenario.Parts.Select(part => part.Name) };
        _output.Report("scenario", $"scenario {scenario.Name}: {scenario.Summary}", fields);
        try
        {
            await scenario.RunAsync(_cluster);
        }
        finally
        {
            _output.Report("scenario-done", $"scenario {scenario.Name} done", fields);
        }
    }

    private async Task ExecuteAsync(ControlLine line)
    {
        switch (line)
        {
            case ControlLine.Run run:
                await RunAsync(run.Scenario);
                break;
            case ControlLine.Invalid invalid:
                await _rollingUpdate.SendBadSegmentsAsync(invalid.Segments);
                break;
            case ControlLine.Abort abort:
                _farClient.Process.SendLine($"abort {abort.How}");
                break;
            case ControlLine.BadImage:
                await _rollingUpdate.RunBadImageAsync();
                break;
            default:
                await _controlPlane(line);
                break;
        }
    }

    private void PrintSummary(LabInstance instance, LabNetwork network, LabService service, string kubeconfig, LabPod nearClient, Observers observers)
    {
        _output.Print($"""

            Lab {instance.Number} is running. Its packets cannot leave this machine. Press Ctrl-C to remove it.
              nodes     {string.Join("   ", network.Nodes.Select(node => $"{node.Name} {node.Address} (pods {node.PodCidr})"))}
              Service   {service.Key} {service.Endpoint}, three pods on node1 and node2
              clients   {nearClient.Name} on node1 and {_farClient.Name} on node3, {_options.Connections} keep-alive connections each
              entries   ip netns exec {_farClient.Node.Namespace.Name} conntrack -L
              cluster   kubectl --kubeconfig {kubeconfig} get pods -n {service.Namespace} --watch
            """);
        if (observers.Url.Length > 0)
        {
            _output.Print($"\n  Open      {observers.Url}   ({Observers.Operator}, operator)");
            _output.Print($"  Approve   {observers.ApproverUrl}   ({Observers.Approver}, approver; in another browser or a private window)\n");
        }
    }

    private void Defer(Action step) => Defer(() =>
    {
        step();
        return ValueTask.CompletedTask;
    });

    private void Defer(Func<Task> step) => Defer(() => new ValueTask(step()));

    private void Defer(Func<ValueTask> step) => _cleanup.Push(step);
}
