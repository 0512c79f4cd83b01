using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Ownership;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Query;

/// <summary>Which Service or pod had an address within a window, from the ownership history, with the blocks as fallback.</summary>
internal sealed class StoredNames(ClusterMap map, OwnershipHistory history, TimelineQuery query, long stepMs, long nowMs)
{
    public TimelineQuery Query => query;

    /// <param name="ns">As stored in the blocks.</param>
    public List<VipAssignment> Assignments(byte proto, Ip vip, ushort port, string ns, string name)
    {
        // The current map does not apply to that time, unless no other source has data.
        var assignments = VipAssignment.Of(ClusterMap.Empty, history, proto, vip, port, query, nowMs);
        if (assignments is [{ Service: null } only])
            assignments[0] = only with { Service = name.Length > 0 ? new ServiceKey(ns, name) : map.ServiceAt(proto, vip, port) };
        return assignments;
    }

    /// <summary>Clears the columns of other assignments, in copies: several lanes may use the same series.</summary>
    /// <returns>Null if nothing is left.</returns>
    public BackendSeries? Keep(in VipAssignment assignment, BackendSeries series)
    {
        if (assignment is { FromMs: long.MinValue, ToMs: long.MaxValue })
            return series;
        var own = series with { Entries = [.. series.Entries], Closing = [.. series.Closing], Stale = [.. series.Stale] };
        return assignment.Keep(query, stepMs, nowMs, own.Entries, own.Closing, own.Stale) ? own : null;
    }

    /// <summary>The same of a sum; null also if it has nothing.</summary>
    public LaneSums? Keep(in VipAssignment assignment, LaneSums sum)
    {
        if (assignment is { FromMs: long.MinValue, ToMs: long.MaxValue })
            return sum;
        var own = new LaneSums([.. sum.Entries], [.. sum.Closing], [.. sum.Stale]);
        return assignment.Keep(query, stepMs, nowMs, own.Entries, own.Closing, own.Stale) ? own : null;
    }

    /// <summary>The columns of an assignment, from one to before another.</summary>
    public (int From, int End) ColumnsOf(in VipAssignment assignment) =>
        (assignment.FromMs == long.MinValue ? 0 : ColumnOf(assignment.FromMs), assignment.ToMs == long.MaxValue ? query.Columns : ColumnOf(assignment.ToMs));

    // The first one that ends after a moment.
    private int ColumnOf(long atMs) => (int)Math.Clamp((atMs - query.FromMs) / stepMs, 0, query.Columns);

    public BackendSeries Name(in VipAssignment assignment, Ip backend, string? storedName, BackendSeries series)
    {
        var (owner, former) = OwnerNames.At(
            map, history, backend, Math.Max(query.FromMs, assignment.FromMs), Math.Min(query.ToMs, assignment.ToMs - 1), nowMs);
        // Known only from what was written at the time: older than the retention of the ownership history.
        if (owner.State == OwnerState.Unknown && owner.Name is null)
            return series with { Pod = storedName ?? series.Pod, FormerPods = [.. former.Where(f => f != (storedName ?? series.Pod))] };
        return series with { Pod = owner.Name ?? storedName, Owner = owner.State, FormerPods = former, Node = owner.Pod?.Node };
    }
}
