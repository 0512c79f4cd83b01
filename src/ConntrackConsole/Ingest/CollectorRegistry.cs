using ConntrackConsole.Cluster.State;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Ingest;

/// <summary>Which collector is connected for which node. One connection per node.</summary>
internal sealed class CollectorRegistry(ClusterState cluster)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Seat> _byNode = [];

    public string? ConnectionOf(string node)
    {
        lock (_lock)
            return _byNode.GetValueOrDefault(node)?.ConnectionId;
    }

    /// <summary>The introduction of the collector that is connected for a node; null if there is no collector.</summary>
    public Hello? HelloOf(string node)
    {
        lock (_lock)
            return _byNode.GetValueOrDefault(node)?.Hello;
    }

    public IReadOnlyList<string> ConnectedNodes
    {
        get
        {
            lock (_lock)
                return [.. _byNode.Keys.Order(StringComparer.Ordinal)];
        }
    }

    /// <summary>The connections of all registered collectors.</summary>
    public HashSet<string> Connections
    {
        get
        {
            lock (_lock)
                return [.. _byNode.Values.Select(seat => seat.ConnectionId)];
        }
    }

    /// <summary>Registers a collector for its node.</summary>
    /// <param name="close">Ends this connection if a later one replaces it.</param>
    public Welcome Register(Hello hello, string connectionId, Action close)
    {
        if (Fault(hello) is { } fault)
            return Welcome.Refused(fault);
        // A collector may start before its node is registered, or before the console has seen the node.
        if (cluster is { HasCluster: true, IsReady: true } && !cluster.Current.Nodes.ContainsKey(hello.Node))
        {
            return Welcome.Refused(
                new Reason(
                    CollectorErrorCodes.UnknownNode,
                    $"The cluster has no node named {hello.Node} yet. If it is not registered soon, start the collector with --node and a name that 'kubectl get nodes' shows."),
                isTemporary: true);
        }

        Action? closeOld = null;
        lock (_lock)
        {
            if (_byNode.TryGetValue(hello.Node, out var seat) && seat.ConnectionId != connectionId)
            {
                if (seat.Hello.StartedAtMs > hello.StartedAtMs)
                {
                    return Welcome.Refused(new Reason(
                        CollectorErrorCodes.NewerCollector,
                        $"A collector that was started later is already connected for node {hello.Node}: stop one of the two, or give each its own --node."));
                }

                closeOld = seat.Close;
            }

            _byNode[hello.Node] = new Seat(connectionId, hello, close);
        }

        closeOld?.Invoke();
        return new Welcome(true, null);
    }

    /// <returns>Whether the connection was the registered one of the node.</returns>
    public bool Unregister(string node, string connectionId)
    {
        lock (_lock)
            return _byNode.GetValueOrDefault(node)?.ConnectionId == connectionId && _byNode.Remove(node);
    }

    private static Reason? Fault(Hello? hello)
    {
        if (hello?.Node is null || !NodeName.IsValid(hello.Node))
            return new Reason(CollectorErrorCodes.InvalidNodeName, "The collector sent no valid node name: start it with --node and the Kubernetes node's name.");
        if (hello.Version is not { Length: <= 64 } || hello.BootId is not { Length: <= 64 } || hello.Kernel is not { Length: <= 256 }
            || hello.Capabilities is not { Count: <= 64 } || hello.Sysctls is not { Count: <= 256 }
            || hello.Capabilities.Any(c => c is not { Name.Length: <= 64, Detail.Length: <= 1_000 })
            || hello.Sysctls.Any(s => s.Key.Length > 128 || s.Value is not { Length: <= 256 }))
        {
            return new Reason(
                CollectorErrorCodes.UnsupportedIntroduction,
                $"The collector of node {hello.Node} sent an introduction that this console does not support: use the same version of both.");
        }

        return null;
    }

    private sealed record Seat(string ConnectionId, Hello Hello, Action Close);
}
