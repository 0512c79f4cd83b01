namespace ConntrackConsole.Kernel.Resets;

/// <summary>Resets read by a source's thread and not yet drained by the collector: bounded; what does not fit is counted.</summary>
internal sealed class ResetQueue
{
    private const int Length = 16384;

    private readonly ResetRecord[] _records = new ResetRecord[Length];
    private readonly Lock _gate = new();
    private int _first;
    private int _count;
    private long _lost;

    public void Add(in ResetRecord reset)
    {
        lock (_gate)
        {
            if (_count == Length)
            {
                _lost++;
                return;
            }

            _records[(_first + _count) % Length] = reset;
            _count++;
        }
    }

    public void AddLost(long records)
    {
        lock (_gate)
            _lost += records;
    }

    public int Drain(Span<ResetRecord> into)
    {
        lock (_gate)
        {
            int taken = Math.Min(_count, into.Length);
            for (int i = 0; i < taken; i++)
                into[i] = _records[(_first + i) % Length];
            _first = (_first + taken) % Length;
            _count -= taken;
            return taken;
        }
    }

    public long TakeLost()
    {
        lock (_gate)
        {
            long lost = _lost;
            _lost = 0;
            return lost;
        }
    }
}
