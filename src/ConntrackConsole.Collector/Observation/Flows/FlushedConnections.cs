using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Observation.Flows;

/// <summary>
/// Connections that lost their entry to a flush of this program, and whether their clients have noticed: a waiting client notices when its own
/// connection is reset, or is made again to another backend. Another connection of the same client proves nothing. Thread-safe.
/// </summary>
/// <remarks>Without events and without a source of resets, only a connection that lives on to another backend is seen.</remarks>
internal sealed class FlushedConnections
{
    private readonly Lock _lock = new();
    private readonly Dictionary<FlowOrigin, Connection> _connections = [];
    private readonly HashSet<ushort> _zones = [];
    private volatile bool _any;

    private enum Progress
    {
        Waits,
        // A packet of the client made a new entry to another backend; that backend answers, or resets it.
        Rerouted,
        Noticed,
    }

    /// <summary>Call it before the deletion: the client may retransmit at once.</summary>
    public void Track(IReadOnlyList<Flow> list)
    {
        lock (_lock)
        {
            foreach (var flow in list)
            {
                _connections[flow.Origin] = new Connection(list, flow.Reply.Src, Progress.Waits);
                _zones.Add(flow.Zone);
            }

            _any = _connections.Count > 0;
        }
    }

    /// <summary>Ends the tracking of this list; a connection that a later list holds too stays.</summary>
    public void Forget(IReadOnlyList<Flow> list)
    {
        lock (_lock)
        {
            foreach (var flow in list)
            {
                if (_connections.TryGetValue(flow.Origin, out var connection) && ReferenceEquals(connection.List, list))
                    _connections.Remove(flow.Origin);
            }

            _any = _connections.Count > 0;
            if (!_any)
                _zones.Clear();
        }
    }

    /// <summary>An entry was created or changed, or stands in a dump.</summary>
    public void OnEntry(in Flow flow)
    {
        if (!_any)
            return;
        lock (_lock)
        {
            if (!_connections.TryGetValue(flow.Origin, out var connection) || connection.Progress == Progress.Noticed || flow.Reply.Src == connection.Backend)
                return;
            // TCP in mid-stream goes to a backend without this connection; the client has noticed only when that one answers.
            bool answered = flow.Orig.Proto != Protocols.Tcp || (flow.Status & FlowStatus.SeenReply) != 0;
            _connections[flow.Origin] = connection with { Progress = answered ? Progress.Noticed : Progress.Rerouted };
        }
    }

    /// <summary>An entry ended: a rerouted one by the reset of the other backend.</summary>
    public void OnDestroy(in Flow flow)
    {
        if (!_any || flow.Orig.Proto != Protocols.Tcp)
            return;
        lock (_lock)
        {
            // Its timeout is longer than anybody measures, so it was a reset, or somebody deleted it again.
            if (_connections.TryGetValue(flow.Origin, out var connection) && connection.Progress == Progress.Rerouted && flow.Reply.Src != connection.Backend)
                _connections[flow.Origin] = connection with { Progress = Progress.Noticed };
        }
    }

    /// <summary>A reset was seen, matched to its flow: in either direction, with the address of the Service or of the backend.</summary>
    public void OnReset(in Reset reset)
    {
        if (!_any)
            return;
        var packet = new FlowTuple(reset.Src, reset.Dst, Protocols.Tcp, reset.Sport, reset.Dport);
        lock (_lock)
        {
            foreach (var orig in (ReadOnlySpan<FlowTuple>)[
                packet, packet.Inverted(), packet with { Dst = reset.Vip, Dport = reset.Vport }, packet.Inverted() with { Dst = reset.Vip, Dport = reset.Vport }])
            {
                // A reset names no zone: usually one packet passes all zones that have its tuple.
                foreach (ushort zone in _zones)
                {
                    var origin = new FlowOrigin(orig, zone);
                    if (_connections.TryGetValue(origin, out var connection))
                        _connections[origin] = connection with { Progress = Progress.Noticed };
                }
            }
        }
    }

    public bool HasNoticed(in FlowOrigin origin)
    {
        lock (_lock)
            return _connections.TryGetValue(origin, out var connection) && connection.Progress == Progress.Noticed;
    }

    private readonly record struct Connection(IReadOnlyList<Flow> List, Ip Backend, Progress Progress);
}
