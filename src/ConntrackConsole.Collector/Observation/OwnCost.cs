using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Observation;

/// <summary>Resource use of this process: CPU time since the last call, and resident memory.</summary>
internal sealed class OwnCost
{
    // Reading the memory opens and parses a file of procfs, and it changes slowly.
    private const int MemoryIntervalSeconds = 10;

    private uint _memoryKiB;
    private int _secondsSinceMemory = MemoryIntervalSeconds;
    private TimeSpan _last = Environment.CpuUsage.TotalTime;

    public CollectorCost Take(FollowMode mode, uint events, int flows)
    {
        var now = Environment.CpuUsage.TotalTime;
        var spent = now - _last;
        _last = now;
        if (++_secondsSinceMemory >= MemoryIntervalSeconds)
        {
            _memoryKiB = (uint)(Environment.WorkingSet / 1024);
            _secondsSinceMemory = 0;
        }

        return new CollectorCost(
            mode, (uint)spent.TotalMilliseconds, _memoryKiB, events, (uint)flows, int.MinValue, 0);
    }
}
