using System.Collections.Concurrent;
using System.Net;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Lab.Cluster;
using ConntrackConsole.Lab.Incidents;
using ConntrackConsole.Lab.Workload;

namespace ConntrackConsole.Lab.Scenarios;

/// <summary>A Service of a scenario with its pods and clients, and the labels of what these observe. Disposing removes all of it.</summary>
internal sealed class LabWorkload : IAsyncDisposable
{
    private readonly LabCluster _lab;
    private readonly Scenario _scenario;
    private readonly EndpointSliceObject _slice;
    private readonly System.Text.Json.Nodes.JsonObject _serviceObject;
    private readonly DeploymentObject _clientDeployment;
    private readonly List<LabPod> _pods = [];
    private readonly List<LabPod> _clients = [];
    private readonly ConcurrentDictionary<string, string> _backends = new(); // By the client's own address and port.
    private readonly PodTraits? _traits;
    private readonly IReadOnlyList<string> _server;
    private bool _isServed;
    private volatile bool _isOver;
    private int _connected;

    private LabWorkload(LabCluster lab, Scenario scenario, IReadOnlyList<string> server, PodTraits? traits, int replicas)
    {
        _lab = lab;
        _scenario = scenario;
        _server = lab.Variant.AtRate(server);
        _traits = traits;
        Service = new LabService(Kubelet.Namespace, scenario.Name, lab.TakeServiceAddress(), 80, Kubelet.ServerPort, traits?.Protocol ?? "TCP");
        _serviceObject = Service.ToJson();
        lab.Store.Put("services", _serviceObject);
        _slice = new EndpointSliceObject(lab.Store, Service, _serviceObject);
        Deployment = new DeploymentObject(
            lab.Store, lab.Events, Kubelet.Namespace, scenario.Name, replicas, Kubelet.ServerPort, Kubelet.PreStopSeconds, traits);
        _clientDeployment = new DeploymentObject(lab.Store, lab.Events, Kubelet.Namespace, scenario.Name + "-client", 1, 0, 0);
    }

    public LabService Service { get; }

    public DeploymentObject Deployment { get; }

    public IReadOnlyList<LabPod> Pods => _pods;

    /// <summary>The pod with the most connections: the rules choose at random, and without any nothing would happen to it.</summary>
    public LabPod Busiest => _pods.MaxBy(pod => _backends.Values.Count(backend => backend == LabPod.At(pod.Ip, Kubelet.ServerPort)))!;

    /// <summary>The Service as a client's target.</summary>
    public string Target => Service.Endpoint;

    /// <summary>Called for each report of the server pods.</summary>
    public Action<LabPod, WorkloadReport> FromServer { get; set; } = (_, _) => { };

    /// <summary>Starts a Service with a pod on each of these nodes (a node may occur more than once), and waits for the rules of all nodes.</summary>
    /// <param name="lab">The cluster.</param>
    /// <param name="scenario">Gives the Service its name.</param>
    /// <param name="nodes">Of the pods.</param>
    /// <param name="server">The pods' sub-command; null = the usual server.</param>
    /// <param name="traits">Of the pods.</param>
    /// <param name="withRules">False: the rules of the nodes do not contain it before <see cref="ServeAsync"/>.</param>
    public static async Task<LabWorkload> StartAsync(
        LabCluster lab, Scenario scenario, IReadOnlyList<int> nodes, IReadOnlyList<string>? server = null, PodTraits? traits = null, bool withRules = true)
    {
        var workload = new LabWorkload(lab, scenario, server ?? ["serve", "--port", $"{Kubelet.ServerPort}"], traits, nodes.Count);
        if (withRules)
            workload.Serve();
        foreach (int node in nodes)
            await workload.AddPodAsync(node);
        if (withRules)
            await lab.Rules.WithAsync(workload.Service, lab.Proxies.Count, nodes.Count);
        return workload;
    }

    /// <summary>Writes the Service into the rules of all nodes.</summary>
    public async Task ServeAsync()
    {
        Serve();
        await _lab.Rules.WithAsync(Service, _lab.Proxies.Count, _pods.Count);
    }

    /// <summary>Starts one more pod of the Service.</summary>
    public async Task<LabPod> AddPodAsync(int node, Ip address = default)
    {
        var pod = await _lab.Kubelet.StartServerAsync(
            _lab.Node(node), Deployment, Deployment.Current, _slice, new PodStart(_server, (from, report) => FromServer(from, report), _traits, address));
        _pods.Add(pod);
        return pod;
    }

    /// <summary>Starts a client.</summary>
    /// <param name="node">Its node.</param>
    /// <param name="observe">Called for each of its reports, which are events of the lab too.</param>
    /// <param name="arguments">The sub-command and its arguments.</param>
    public async Task<LabPod> StartClientAsync(int node, Action<LabPod, WorkloadReport> observe, params string[] arguments)
    {
        var client = await _lab.Kubelet.StartClientAsync(_lab.Node(node), _clientDeployment, new PodStart(_lab.Variant.AtRate(arguments), (pod, report) =>
        {
            _lab.Output.Event($"client-{report.Event}", new
            {
                pod = pod.Name,
                node = pod.Node.Name,
                connection = report.Connection,
                local = report.Local,
                remote = report.Remote,
                backend = report.Backend,
                seconds = report.Seconds,
                detail = report.Detail,
            });
            if (report is { Event: "connected", Local: { } local, Backend: { } backend })
                _backends[local] = backend;
            if (report.Event == "connected")
                Interlocked.Increment(ref _connected);
            observe(pod, report);
        }));
        _clients.Add(client);
        return client;
    }

    /// <summary>Waits until clients have reported this many connections, and a second longer.</summary>
    public async Task ConnectedAsync(int connections = 1)
    {
        await _lab.UntilAsync(() => Volatile.Read(ref _connected) >= connections);
        await _lab.PauseAsync(1);
    }

    /// <summary>A program that the product does not know deletes a node's entries of all pods.</summary>
    public async Task FlushAsync(int node)
    {
        foreach (var pod in _pods)
            await _lab.RunAsync(node, "conntrack", "-D", "-f", pod.Sandbox.Address.IsV4 ? "ipv4" : "ipv6", "-r", pod.Ip);
        _lab.Output.Report("flushed", $"a foreign program deleted the entries of live pods on node{node}", new { scenario = _scenario.Name });
    }

    /// <summary>Terminates a client.</summary>
    public async Task EndClientAsync(LabPod client)
    {
        _clients.Remove(client);
        await _lab.Kubelet.EndAsync(client, _clientDeployment, null, Ending.Drain, () => Task.CompletedTask);
    }

    /// <summary>Terminates a pod; completes when its object is gone.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="ending">How.</param>
    /// <param name="settled">What a drain waits for; null = nothing, so that new connections are affected too.</param>
    public async Task EndAsync(LabPod pod, Ending ending, Func<Task>? settled = null)
    {
        _pods.Remove(pod);
        await _lab.Kubelet.EndAsync(pod, Deployment, _slice, ending, settled ?? (() => Task.CompletedTask));
    }

    /// <summary>The rules of all nodes follow the end of this pod.</summary>
    public Task WithoutAsync(LabPod pod) => _lab.Rules.WithoutAsync(pod.Sandbox.Address);

    /// <summary>Marks the endpoint of a pod.</summary>
    public void SetEndpoint(LabPod pod, bool ready, bool serving, bool terminating) =>
        _slice.Set(pod.Object, pod.Ip, pod.Node.Name, ready, serving, terminating);

    /// <summary>Writes a label.</summary>
    /// <param name="client">The client.</param>
    /// <param name="local">Its address and port.</param>
    /// <param name="backend">The pod's address and port, as far as known.</param>
    /// <param name="kind">What was observed, one of <see cref="LabelKinds"/>.</param>
    /// <param name="resets">How many resets of this kind.</param>
    /// <param name="isFault">False: it is no part of the scenario's mechanism.</param>
    /// <param name="since">When what has no answer was sent.</param>
    public void Label(LabPod client, string? local, string? backend, string kind, int resets, bool isFault = true, double? since = null)
    {
        // What breaks while clients and pods are removed is not the scenario's: a client that is ended may reset its connections.
        if (_isOver)
            return;
        var (clientIp, clientPort) = Split(local);
        var (backendIp, backendPort) = Split(backend);
        _lab.Output.Write(new Label(
            WorkloadReport.Now, _scenario.Name, isFault ? _scenario.Mechanism : null, kind, client.Node.Name,
            new LabFlowTuple(clientIp, clientPort, Service.Address.ToString(), Service.Port),
            new LabFlowTuple(backendIp, backendPort, clientIp, clientPort), resets, null, isFault ? _scenario.Code : null, Service.Key,
            since));
    }

    /// <summary>Removes the clients, then the pods, each after it has drained, and then the objects.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_lab.Stop.IsCancellationRequested)
            return; // The lab removes all of its pods.
        _isOver = true;
        await Task.WhenAll(_clients.ToList().Select(EndClientAsync));
        await Task.WhenAll(_pods.ToList().Select(pod => EndAsync(pod, Ending.Drain)));
        _clientDeployment.Delete();
        Deployment.Delete();
        _slice.Delete();
        _lab.Store.Delete("services", _serviceObject);
        if (_isServed)
        {
            foreach (var proxy in _lab.Proxies)
                proxy.Remove(Service);
        }

        _lab.Rules.Forget(Service);
    }

    private void Serve()
    {
        _isServed = true;
        foreach (var proxy in _lab.Proxies)
            proxy.Add(Service);
    }

    private static (string Ip, int Port) Split(string? endpoint) =>
        IPEndPoint.TryParse(endpoint ?? "", out var parsed) ? (parsed.Address.ToString(), parsed.Port) : ("", 0);
}
