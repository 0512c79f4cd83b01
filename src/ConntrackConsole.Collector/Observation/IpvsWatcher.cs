using ConntrackConsole.Kernel.Ipvs;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Observation;

/// <summary>
/// Reports the connections that IPVS keeps to servers that were removed or have weight 0. Runs on the observer's thread, because
/// /proc/net belongs to the network namespace of the thread that opens it.
/// </summary>
/// <param name="proc">Mount point of procfs.</param>
/// <param name="clock">By which the duration of a reading is measured; null = the system's.</param>
internal sealed class IpvsWatcher(string proc = "/proc", TimeProvider? clock = null)
{
    /// <summary>Minimum time between two readings.</summary>
    public const long MinIntervalMs = 10_000;

    // The kernel renders a large table at quadratic cost: at most half a percent of a core, and frames and events wait for half a second at most.
    private const int PauseFactor = 200;
    private static readonly TimeSpan MaxTime = TimeSpan.FromMilliseconds(250);

    private readonly TimeProvider _clock = clock ?? TimeProvider.System;
    private IpvsReading? _last;
    private bool _isLastSent;
    private long _nextMs = long.MinValue;

    /// <summary>Adds the reading to the frame if it is a key frame or the reading has changed since it was last sent.</summary>
    /// <param name="frame">The frame of this second.</param>
    /// <param name="nowMs">Monotonic.</param>
    public void Fill(NodeFrame frame, long nowMs)
    {
        if (nowMs >= _nextMs)
        {
            long began = _clock.GetTimestamp();
            var read = Read();
            _nextMs = nowMs + Math.Max(MinIntervalMs, (long)_clock.GetElapsedTime(began).TotalMilliseconds * PauseFactor);
            _isLastSent &= IsSame(read, _last);
            _last = read;
        }

        if (_last is null || (_isLastSent && !frame.IsKey))
            return;
        frame.Ipvs = _last;
        _isLastSent = true;
    }

    private IpvsReading? Read()
    {
        if (IpvsOrphans.TryRead(MaxTime, proc) is not { } orphans)
            return null;
        var state = orphans.Unreadable is not null ? IpvsReadState.Unreadable : orphans.IsPartial ? IpvsReadState.Partial : IpvsReadState.Complete;
        uint more = 0;
        foreach (var group in orphans.Groups.Skip(IpvsReading.MaxServers))
            more += group.Count;
        return new IpvsReading(state, IpvsSwitches.Read(proc).ExpireNodestConn,
            [.. orphans.Groups.Take(IpvsReading.MaxServers).Select(group => new IpvsServerConnections(
                group.Service.Proto, group.Service.Vip, group.Service.Vport, group.Service.Backend, group.Service.Bport,
                group.IsRemoved, group.Count, (uint)Math.Max(0, group.MaxSeconds)))],
            more);
    }

    private static bool IsSame(IpvsReading? now, IpvsReading? before) => now is null || before is null
        ? now is null && before is null
        : now.State == before.State && now.ExpireNodestConn == before.ExpireNodestConn && now.MoreConnections == before.MoreConnections
            && now.Servers.SequenceEqual(before.Servers);
}
