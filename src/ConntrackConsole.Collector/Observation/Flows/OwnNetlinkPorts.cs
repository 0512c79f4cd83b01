namespace ConntrackConsole.Collector.Observation.Flows;

/// <summary>
/// The netlink ports with which this program recently deleted entries: a DESTROY with one of them was caused by this program.
/// Thread-safe.
/// </summary>
internal sealed class OwnNetlinkPorts
{
    // The kernel reuses the port of a closed socket eventually; a flush is over long before this many more.
    private const int MaxPorts = 64;

    private readonly Lock _lock = new();
    private readonly uint[] _ports = new uint[MaxPorts];
    private readonly int[] _destroys = new int[MaxPorts];
    private int _next;

    /// <summary>Call it before the first deletion.</summary>
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

    /// <summary>Counts an entry destroyed through this port; port 0 is the kernel itself.</summary>
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

    /// <summary>How many entries were destroyed through the port since it was added.</summary>
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
