using System.Diagnostics;
using System.Text.Json.Nodes;
using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Lab.Cluster;
using ConntrackConsole.Lab.Incidents;
using ConntrackConsole.Lab.Instances;
using ConntrackConsole.Lab.KubeProxy;
using ConntrackConsole.Lab.Network;

namespace ConntrackConsole.Lab.Scenarios;

/// <summary>What a scenario can change: the cluster's objects, the nodes' networks and rules, and the Service `checkout` with its clients.</summary>
internal sealed class LabCluster
{
    private int _services = 20; // `checkout` has 10.

    public required LabInstance Instance { get; init; }

    public required LabNetwork Network { get; init; }

    public required ObjectStore Store { get; init; }

    public required Cluster.EventLog Events { get; init; }

    public required Kubelet Kubelet { get; init; }

    public required RuleSyncTracker Rules { get; init; }

    public required IReadOnlyList<LabKubeProxy> Proxies { get; init; }

    public required LabEventWriter Output { get; init; }

    public required GroundTruth Truth { get; init; }

    public required RollingUpdate RollingUpdate { get; init; }

    /// <summary>The objects of the nodes; locked while one is changed.</summary>
    public required IReadOnlyList<JsonObject> NodeObjects { get; init; }

    /// <summary>Called with a node and true when its collector is lost with it, and with false when both are back.</summary>
    public required Action<LabNode, bool> Silence { get; init; }

    /// <summary>Ends with the lab.</summary>
    public required CancellationToken Stop { get; init; }

    /// <summary>How it differs from the plain lab.</summary>
    public required LabVariant Variant { get; init; }

    /// <summary>A node; the last one where there are fewer.</summary>
    public LabNode Node(int number) => Network.Nodes[Math.Min(number, Network.Nodes.Count) - 1];

    public LabKubeProxy Proxy(int node) => Proxies.First(proxy => proxy.Node == Node(node));

    /// <summary>An address for one more Service.</summary>
    public Kernel.Net.Ip TakeServiceAddress() => Network.Addresses.Service(20 + ((Interlocked.Increment(ref _services) - 20) % 230));

    /// <summary>A pause that ends with the lab.</summary>
    public Task PauseAsync(double seconds) => Task.Delay(TimeSpan.FromSeconds(seconds), Stop);

    /// <summary>Waits until something is so, for at most <paramref name="seconds"/>.</summary>
    public async Task<bool> UntilAsync(Func<bool> isSo, double seconds = 20)
    {
        for (var watch = Stopwatch.StartNew(); !isSo();)
        {
            if (watch.Elapsed.TotalSeconds > seconds)
                return false;
            await Task.Delay(50, Stop);
        }

        return true;
    }

    /// <summary>Runs a program on a node until it exits: a program that the product does not know.</summary>
    /// <exception cref="InvalidOperationException">It cannot be started.</exception>
    public async Task<string> RunAsync(int node, string program, params string[] arguments)
    {
        try
        {
            using var process = Node(node).Namespace.Run(() => Process.Start(
                new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true }))!;
            var error = process.StandardError.ReadToEndAsync(Stop);
            string output = await process.StandardOutput.ReadToEndAsync(Stop);
            await process.WaitForExitAsync(Stop);
            return output + await error;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new InvalidOperationException($"{program} cannot be started: {e.Message}. The scenario needs it.", e);
        }
    }

    /// <summary>Waits until a node's kernel has an entry to this pod of which no SYN was answered.</summary>
    public Task<bool> UnansweredAsync(int node, LabPod pod) => UntilAsync(() => Node(node).Namespace.Run(() =>
    {
        using var table = ConntrackTable.Open();
        return table.ListByReplySource(pod.Sandbox.Address).Exists(flow => flow.State == FlowState.SynSent);
    }));

    /// <summary>The backend that the kernel has for a client's connection to a Service; null without an entry.</summary>
    public static FlowTuple? BackendOf(LabPod client, string local, LabService service) => EntryOf(client, local, service)?.Reply;

    /// <summary>The kernel's entry of a client's connection to a Service.</summary>
    public static Flow? EntryOf(LabPod client, string local, LabService service)
    {
        if (!System.Net.IPEndPoint.TryParse(local, out var from))
            return null;
        var original = new FlowTuple(Kernel.Net.Ip.From(from.Address), service.Address,
            service.IsUdp ? Kernel.Net.Protocols.Udp : Kernel.Net.Protocols.Tcp, (ushort)from.Port, service.Port);
        return client.Node.Namespace.Run(() =>
        {
            using var table = ConntrackTable.Open();
            return table.GetByOriginal(original, 0);
        });
    }
}
