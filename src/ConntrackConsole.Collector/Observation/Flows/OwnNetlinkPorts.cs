namespace ConntrackConsole.Collector.Observation.Flows;

/// <summary>
/// The netlink ports by which this program deleted entries lately: a DESTROY that carries one of them is our own doing.
/// Any thread.
/// </summary>
internal sealed class OwnNetlinkPorts
{
    // The kernel gives a closed socket's port to others some day; a flush is over long before this many more.
    private const int MaxPorts = 64;

    private readonly Lock _lock = new();
    private readonly uint[] _ports = new uint[MaxPorts];
    private readonly int[] _destroys = new int[MaxPorts];
    private int _next;

    /// <summary>To be called before the first deletion.</summary>
    public void Add(uint portId)
    {
        lock (_lock)
        {
            int place = _ports.AsSpan().IndexOf(portId);
            if (place < 0)
                _ports[place = _next++ % MaxPorts] = portId;
            _destroys[place] = 0;
        }
    }

    /// <summary>An entry was destroyed through this port; 0, the kernel itself, is never ours.</summary>
    public void CountDestroy(uint portId)
    {
        if (portId == 0)
            return;
        lock (_lock)
        {
            if (_ports.AsSpan().IndexOf(portId) is var place and >= 0)
                _destroys[place]++;
        }
    }

    /// <summary>How many entries were, since the port was added.</summary>
    public int DestroyCount(uint portId)
    {
        lock (_lock)
            return _ports.AsSpan().IndexOf(portId) is var place and >= 0 ? _destroys[place] : 0;
    }

    public bool Contains(uint portId)
    {
        lock (_lock)
            return portId != 0 && _ports.AsSpan().Contains(portId);
    }
}
