using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Query;

/// <summary>Merges stored blocks with live data for one time window.</summary>
internal static class StoredView
{
    public static List<ServiceLane> Lanes(StoredLanes stored, NowPart now, int split, StoredNames names)
    {
        // If several Services had an address one after the other, each has a lane; the newest is taken first.
        var ofNow = new Dictionary<(string Vip, int Port, string Proto, string Namespace, string Name), Stack<ServiceLane>>();
        foreach (var lane in now.Columns > 0 ? now.View.Services : [])
        {
            var place = (lane.Vip, lane.Port, lane.Proto, lane.Namespace, lane.Name);
            if (!ofNow.TryGetValue(place, out var same))
                ofNow[place] = same = [];
            same.Push(lane);
        }

        // After the last column of memory nothing is known.
        int[] blank = [.. stored.Blank];
        for (int column = split; column < blank.Length; column++)
            blank[column] = stored.Known[column] || (column - split < now.Columns && now.Known[column - split]) ? 0 : -1;

        var lanes = new List<ServiceLane>();
        foreach (var vip in stored.Series.GroupBy(s => (s.Key.Proto, s.Key.Vip, s.Key.Vport)))
        {
            var newest = vip.MaxBy(s => s.Name.Length > 0)!;
            var assignments = names.Assignments(vip.Key.Proto, vip.Key.Vip, vip.Key.Vport, newest.Namespace, newest.Name);
            foreach (var assignment in Enumerable.Reverse(assignments))
            {
                var (ns, name) = (assignment.Service?.Namespace ?? "", assignment.Service?.Name ?? "");
                if (!Matches(names.Query, ns, name))
                    continue;
                var place = (vip.Key.Vip.ToString(), (int)vip.Key.Vport, Protocols.Name(vip.Key.Proto), ns, name);
                var present = ofNow.TryGetValue(place, out var same) && same.TryPop(out var popped) ? popped : null;
                var left = present?.Backends.ToDictionary(b => (b.BackendIp, b.Port)) ?? [];
                var backends = new List<BackendSeries>();
                foreach (var series in vip.OrderBy(s => s.Key.Backend).ThenBy(s => s.Key.Bport))
                {
                    string ip = series.Key.Backend.ToString();
                    left.Remove((ip, series.Key.Bport), out var live);
                    var joined = new BackendSeries(
                        ip, series.Key.Bport, live?.Pod, live?.Owner ?? series.Owner, live?.StateNow ?? series.State,
                        Joined(series.EntryColumns, live?.Entries, stored, blank, split), Joined(series.ClosingColumns, live?.Closing, stored, blank, split),
                        Joined(series.StaleColumns, live?.Stale, stored, blank, split, keepsStored: true));
                    if (names.Keep(assignment, joined) is { } own)
                        backends.Add(names.Name(assignment, series.Key.Backend, series.Pod, own));
                }

                backends.AddRange(left.Values.Select(b => OnlyNow(b, blank, split)));
                if (backends.Count > 0)
                {
                    lanes.Add(new ServiceLane(ns, name, vip.Key.Vip.ToString(), vip.Key.Vport, Protocols.Name(vip.Key.Proto), backends)
                    {
                        Claims = present?.Claims ?? [], IpvsRemoved = present?.IpvsRemoved ?? 0, IpvsDraining = present?.IpvsDraining ?? 0,
                    });
                }
            }
        }

        lanes.AddRange(ofNow.Values.SelectMany(l => l).Select(l => l with { Backends = [.. l.Backends.Select(b => OnlyNow(b, blank, split))] }));
        return
        [
            .. lanes.OrderBy(l => l.Name.Length == 0).ThenBy(l => l.Namespace, StringComparer.Ordinal).ThenBy(l => l.Name, StringComparer.Ordinal)
                .ThenBy(l => l.Vip, StringComparer.Ordinal).ThenBy(l => l.Port),
        ];
    }

    public static ResetLane Resets(StoredLanes stored, NowPart now, int split)
    {
        int columns = stored.Known.Length;
        var lane = new ResetLane(new int[columns], new int[columns], new int[columns]);
        for (int column = 0; column < split; column++)
        {
            for (int kind = 0; kind < ResetOverflow.Length; kind++)
            {
                var row = (ResetKind)kind switch
                {
                    ResetKind.UnNated => lane.UnNated,
                    ResetKind.FromBackend or ResetKind.RefusedSyn or ResetKind.NewBackend => lane.FromBackend,
                    _ => lane.Other,
                };
                row[column] += stored.Resets[column, kind];
            }
        }

        Array.Copy(now.View.Resets.UnNated, 0, lane.UnNated, split, now.Columns);
        Array.Copy(now.View.Resets.FromBackend, 0, lane.FromBackend, split, now.Columns);
        Array.Copy(now.View.Resets.Other, 0, lane.Other, split, now.Columns);
        return lane;
    }

    // Where both have data, the source that knows more is used; but stale counts keep the classification made at the time.
    private static int[] Joined(int[] row, int[]? live, StoredLanes stored, int[] blank, int split, bool keepsStored = false)
    {
        bool isBlank = ReferenceEquals(row, stored.Blank);
        if (live is null && isBlank)
            return blank;
        // Another lane may use the same row.
        if (split < row.Length)
            row = [.. row];
        for (int column = split; column < row.Length; column++)
        {
            int now = live is null ? blank[column] : column - split < live.Length ? live[column - split] : -1;
            row[column] = keepsStored && row[column] >= 0 ? row[column] : Math.Max(row[column], now);
        }

        return row;
    }

    private static BackendSeries OnlyNow(BackendSeries live, int[] blank, int split) => live with
    {
        Entries = With(live.Entries, blank, split), Closing = With(live.Closing, blank, split), Stale = With(live.Stale, blank, split),
    };

    private static int[] With(int[] live, int[] blank, int split)
    {
        int[] row = [.. blank];
        Array.Copy(live, 0, row, split, Math.Min(live.Length, row.Length - split));
        return row;
    }

    private static bool Matches(TimelineQuery query, string ns, string name) =>
        (query.Namespace is null || ns == query.Namespace) && (query.Service is null || name == query.Service || $"{ns}/{name}" == query.Service);
}
