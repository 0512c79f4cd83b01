using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Observation;

/// <summary>Resource use of this process: CPU time since the last call, and resident memory.</summary>
internal sealed class OwnCost
{
    private TimeSpan _last = Environment.CpuUsage.TotalTime;

    public CollectorCost Take(FollowMode mode, uint events, int flows)
    {
        var now = Environment.CpuUsage.TotalTime;
        var spent = now - _last;
        _last = now;
        return new CollectorCost(
            mode, (uint)spent.TotalMilliseconds, (uint)(Environment.WorkingSet / 1024), events, (uint)flows, int.MinValue, 0);
    }
}
