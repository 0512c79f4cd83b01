
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Ownership;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Query;

/// <summary>Who had which address within a window, by the history of ownership; where that is silent, by the blocks.</summary>
internal sealed class StoredNames(ClusterMap map, OwnershipHistory history, TimelineQuery query, long stepMs, long nowMs)
{
    public TimelineQuery Query => query;

    /// <param name="ns">What the blocks say.</param>
    public List<VipAssignment> Tenures(byte proto, Ip vip, ushort port, string ns, string name)
    {
        // The present map says nothing of then, unless nobody else does.
        var tenures = VipAssignment.Of(ClusterMap.Empty, history, proto, vip, port, query, nowMs);
        if (tenures is [{ Service: null } only])
            tenures[0] = only with { Service = name.Length > 0 ? new ServiceKey(ns, name) : map.ServiceAt(proto, vip, port) };
        return tenures;
    }

    /// <summary>Empties the columns of other tenures, in copies: several lanes may be made of the same series.</summary>
    /// <returns>Null where nothing is left.</returns>
    public BackendSeries? Keep(in VipAssignment tenure, BackendSeries series)
    {
        if (tenure is { FromMs: long.MinValue, ToMs: long.MaxValue })
            return series;
        var own = series with { Entries = [.. series.Entries], LeftoverNamespaces = [.. series.LeftoverNamespaces], Stale = [.. series.Stale] };
        return tenure.Keep(query, stepMs, nowMs, own.Entries, own.LeftoverNamespaces, own.Stale) ? own : null;
    }

    public BackendSeries Name(in VipAssignment tenure, Ip backend, string? told, BackendSeries series)
    {
        var (owner, former) = OwnerNames.At(
            map, history, backend, Math.Max(query.FromMs, tenure.FromMs), Math.Min(query.ToMs, tenure.ToMs - 1), nowMs);
        // Known only by what was written then: older than the history of ownership is kept.
        if (owner.State == OwnerState.Unknown && owner.Name is null)
            return series with { Pod = told ?? series.Pod, FormerPods = [.. former.Where(f => f != (told ?? series.Pod))] };
        return series with { Pod = owner.Name ?? told, Owner = owner.State, FormerPods = former };
    }
}
