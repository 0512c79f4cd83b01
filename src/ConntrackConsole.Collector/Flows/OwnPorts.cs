namespace ConntrackConsole.Collector.Flows;

/// <summary>
/// The netlink ports by which this program deleted entries lately: a DESTROY that carries one of them is our own doing.
/// Any thread.
/// </summary>
internal sealed class OwnPorts
{
    // The kernel gives a closed socket's port to others some day; a flush is over long before this many more.
    private const int Most = 64;

    private readonly Lock _lock = new();
    private readonly uint[] _ports = new uint[Most];
    private int _next;

    /// <summary>To be called before the first deletion.</summary>
    public void Add(uint portId)
    {
        lock (_lock)
        {
            if (!_ports.AsSpan().Contains(portId))
                _ports[_next++ % Most] = portId;
        }
    }

    public bool Contains(uint portId)
    {
        lock (_lock)
            return portId != 0 && _ports.AsSpan().Contains(portId);
    }
}
