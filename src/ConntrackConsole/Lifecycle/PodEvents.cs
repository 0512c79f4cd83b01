using ConntrackConsole.Cluster.Model;

namespace ConntrackConsole.Lifecycle;

/// <summary>What Event objects reported about a pod.</summary>
internal sealed class PodEvents
{
    private const int MaxEvents = 32;
    private const int MaxTimes = 8;
    private const long SlackMs = 1_000;

    // A repeated event that began this long before the request and lasts beyond it belongs to it: the kubelet's clock may differ.
    private const long RepeatSlackMs = 10_000;

    private readonly Dictionary<string, Killing> _killing = [];

    public string? PreStopFailure { get; set; }

    /// <summary>reason and message of an event that names what removes the pod.</summary>
    public (string Reason, string Message, long AtMs)? RemovalEvent { get; set; }

    /// <summary>The first event Killing that can belong to a deletion request: a failed liveness probe emits one too, for a restart.</summary>
    public long? KillingSince(long requestedMs)
    {
        long? first = null;
        foreach (var killing in _killing.Values)
        {
            if (killing.Since(requestedMs) is { } at && (first is null || at < first))
                first = at;
        }

        return first;
    }

    /// <summary>When the kubelet began to stop a pod that has ended without a deletion request: the last events Killing that began before its end.</summary>
    public long? LastKillingUntil(long endedMs)
    {
        long[] began = [.. _killing.Values.Select(k => k.FirstMs).Where(at => at <= endedMs + SlackMs)];
        // Each container has its own event.
        return began.Length == 0 ? null : began.Where(at => at >= began.Max() - RepeatSlackMs).Min();
    }

    public void AddKilling(ObjectEvent reported)
    {
        ArgumentNullException.ThrowIfNull(reported);
        if (!_killing.TryGetValue(reported.Uid, out var killing))
        {
            _killing[reported.Uid] = killing = new Killing();
            if (_killing.Count > MaxEvents)
                _killing.Remove(_killing.MinBy(k => k.Value.FirstMs).Key);
        }

        killing.Add(reported);
    }

    /// <summary>One Event object, which the kubelet updates each time it reports the same again.</summary>
    private sealed class Killing
    {
        // Times at which it was seen to happen; not the last time of a listed event, which may have happened before.
        private readonly List<long> _times = [];
        private int _count;
        private long _lastMs;

        public long FirstMs { get; private set; } = long.MaxValue;

        public void Add(ObjectEvent reported)
        {
            FirstMs = Math.Min(FirstMs, reported.FirstMs);
            _lastMs = Math.Max(_lastMs, reported.AtMs);
            if ((reported.Count == 1 || (_count > 0 && reported.Count == _count + 1)) && !_times.Contains(reported.AtMs) && _times.Count < MaxTimes)
                _times.Add(reported.AtMs);
            _count = Math.Max(_count, reported.Count);
        }

        public long? Since(long requestedMs)
        {
            if (FirstMs >= requestedMs - SlackMs || (_count > 1 && FirstMs >= requestedMs - RepeatSlackMs && _lastMs >= requestedMs))
                return FirstMs;
            long? first = null;
            foreach (long at in _times)
            {
                if (at >= requestedMs - SlackMs && (first is null || at < first))
                    first = at;
            }

            return first;
        }
    }
}
