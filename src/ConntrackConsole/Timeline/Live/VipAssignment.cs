using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Ownership;
using ConntrackConsole.Timeline.Model;


namespace ConntrackConsole.Timeline.Live;

/// <summary>A Service and the part of a window in which a virtual address was its.</summary>
internal readonly record struct VipAssignment(ServiceKey? Service, long FromMs, long ToMs)
{
    /// <summary>
    /// Who had an address within a window, one after the other. Entries outlive their Service: until another takes the
    /// address they are the former one's. What was before the first is the first one's too: nobody saw another.
    /// </summary>
    public static List<VipAssignment> Of(ClusterMap map, OwnershipHistory history, byte proto, Ip vip, ushort port, TimelineQuery query, long nowMs)
    {
        var spans = history.ServicesWithin(proto, vip, port, query.FromMs, Math.Min(query.ToMs, nowMs));
        var tenures = new List<VipAssignment>();
        var held = history.LastServiceUntil(proto, vip, port, query.FromMs)?.Key;
        if (held is { } former)
            tenures.Add(new VipAssignment(former, long.MinValue, long.MaxValue));
        foreach (var span in spans)
        {
            if (tenures.Count == 0)
                tenures.Add(new VipAssignment(span.Key, long.MinValue, long.MaxValue));
            else if (tenures[^1].Service != span.Key)
            {
                tenures[^1] = tenures[^1] with { ToMs = span.FromMs };
                tenures.Add(new VipAssignment(span.Key, span.FromMs, long.MaxValue));
            }
        }

        if (tenures.Count == 0)
            tenures.Add(new VipAssignment(map.ServiceAt(proto, vip, port), long.MinValue, long.MaxValue));
        return tenures;
    }

    /// <summary>Empties the columns in which the address was another's.</summary>
    /// <returns>False where nothing is left to be shown.</returns>
    public bool Keep(TimelineQuery query, long stepMs, long nowMs, params ReadOnlySpan<int[]> series)
    {
        if (FromMs == long.MinValue && ToMs == long.MaxValue)
            return true;
        bool any = false;
        for (int column = 0; column < query.Columns; column++)
        {
            // A column belongs to whoever has the address at its end, so that no entry is drawn in two lanes.
            long atMs = query.FromMs + ((column + 1) * stepMs);
            bool own = atMs > FromMs && atMs <= ToMs;
            foreach (int[] values in series)
            {
                if (!own)
                    values[column] = 0;
                // Nobody knows what is to come; that alone makes no lane.
                any |= values[column] > 0 || (values[column] < 0 && atMs <= nowMs);
            }
        }

        return any;
    }
}
