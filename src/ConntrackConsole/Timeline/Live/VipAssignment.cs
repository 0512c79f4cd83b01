using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Ownership;
using ConntrackConsole.Timeline.Model;


namespace ConntrackConsole.Timeline.Live;

/// <summary>A Service and the part of a window in which it had a virtual address.</summary>
internal readonly record struct VipAssignment(ServiceKey? Service, long FromMs, long ToMs)
{
    /// <summary>
    /// The Services that had an address within a window, one after the other. Entries outlive their Service: until another one
    /// takes the address they belong to the former one. The time before the first is assigned to the first: no other was
    /// observed.
    /// </summary>
    public static List<VipAssignment> Of(ClusterMap map, OwnershipHistory history, byte proto, Ip vip, ushort port, TimelineQuery query, long nowMs)
    {
        var spans = history.ServicesWithin(proto, vip, port, query.FromMs, Math.Min(query.ToMs, nowMs));
        var assignments = new List<VipAssignment>();
        var held = history.LastServiceUntil(proto, vip, port, query.FromMs)?.Key;
        if (held is { } former)
            assignments.Add(new VipAssignment(former, long.MinValue, long.MaxValue));
        var newest = map.ServiceAt(proto, vip, port);
        foreach (long atMs in new SortedSet<long>(spans.SelectMany(span => span.ToMs is { } toMs ? [span.FromMs, toMs] : new[] { span.FromMs })))
        {
            // Of several claims at once the newest; when it ends, an earlier one applies again.
            var holder = spans.Where(s => s.FromMs <= atMs && !(s.ToMs <= atMs)).MaxBy(s => (s.FromMs, s.Key == newest));
            if (holder is null)
                continue;
            if (assignments.Count == 0)
                assignments.Add(new VipAssignment(holder.Key, long.MinValue, long.MaxValue));
            else if (assignments[^1].Service != holder.Key)
            {
                assignments[^1] = assignments[^1] with { ToMs = atMs };
                assignments.Add(new VipAssignment(holder.Key, atMs, long.MaxValue));
            }
        }

        if (assignments.Count == 0)
            assignments.Add(new VipAssignment(map.ServiceAt(proto, vip, port), long.MinValue, long.MaxValue));
        return assignments;
    }

    /// <summary>No other Service had the address.</summary>
    public bool IsWhole => FromMs == long.MinValue && ToMs == long.MaxValue;

    /// <summary>Clears the columns in which another Service had the address.</summary>
    /// <returns>False if nothing is left to display.</returns>
    public bool Keep(TimelineQuery query, long stepMs, long nowMs, params ReadOnlySpan<int[]> series)
    {
        if (IsWhole)
            return true;
        bool any = false;
        for (int column = 0; column < query.Columns; column++)
        {
            // A column belongs to the Service that has the address at the column's end, so that no entry is drawn in two lanes.
            long atMs = query.FromMs + ((column + 1) * stepMs);
            bool own = atMs > FromMs && atMs <= ToMs;
            foreach (int[] values in series)
            {
                if (!own)
                    values[column] = 0;
                // The future is unknown; that alone does not make a lane.
                any |= values[column] > 0 || (values[column] < 0 && atMs <= nowMs);
            }
        }

        return any;
    }
}
