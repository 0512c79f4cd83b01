using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Timeline.Blocks;
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

        int[] blank = Unreported(stored, now, split);
        var lanes = new List<ServiceLane>();
        var byVip = stored.Series.ToLookup(s => s.Key with { Backend = default, Bport = 0 });
        foreach (var vip in byVip.Select(series => series.Key).Union(stored.Sums.Keys).Where(vip => vip != default))
        {
            var sum = stored.Sums.GetValueOrDefault(vip);
            var newest = byVip[vip].MaxBy(s => s.Name.Length > 0) is { Name.Length: > 0 } named ? named : sum;
            var assignments = names.Assignments(vip.Proto, vip.Vip, vip.Vport, newest?.Namespace ?? "", newest?.Name ?? "");
            foreach (var assignment in Enumerable.Reverse(assignments))
            {
                var (ns, name) = (assignment.Service?.Namespace ?? "", assignment.Service?.Name ?? "");
                if (!Matches(names.Query, ns, name))
                    continue;
                var place = (vip.Vip.ToString(), (int)vip.Vport, Protocols.Name(vip.Proto), ns, name);
                var present = ofNow.TryGetValue(place, out var same) && same.TryPop(out var popped) ? popped : null;
                var left = present?.Backends.ToDictionary(b => (b.BackendIp, b.Port)) ?? [];
                var backends = new List<BackendSeries>();
                foreach (var series in byVip[vip].OrderBy(s => s.Key.Backend).ThenBy(s => s.Key.Bport))
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
                bool omitsSums = names.Query.OmitsSums;
                var sums = omitsSums ? null : names.Keep(assignment, Sum(sum, present?.Sum, stored, blank, split));
                var presence = omitsSums && sum?.PresenceWithin(names.ColumnsOf(assignment)) is { } before ? before : default;
                // Some backends alone are those of now that lead astray.
                bool omits = names.Query is { Lanes: not null, Chosen: null };
                if (backends.Count > 0 || (omits && (sums is not null || presence.Any || (omitsSums && present is not null))))
                {
                    lanes.Add(new ServiceLane(ns, name, vip.Vip.ToString(), vip.Vport, Protocols.Name(vip.Proto), backends)
                    {
                        Sum = sums, HadEntries = presence.Entries || present?.HadEntries == true || sums?.Entries.AsSpan().ContainsAnyInRange(1, int.MaxValue) == true,
                        OmitsBackends = omits, Ownerless = present?.Ownerless ?? 0,
                        Claims = present?.Claims ?? [], IpvsRemoved = present?.IpvsRemoved ?? 0, IpvsDraining = present?.IpvsDraining ?? 0,
                    });
                }
            }
        }

        lanes.AddRange(ofNow.Values.SelectMany(l => l).Select(l => l with
        {
            Sum = names.Query.OmitsSums ? null : Sum(null, l.Sum, stored, blank, split), Backends = [.. l.Backends.Select(b => OnlyNow(b, blank, split))],
        }));
        return
        [
            .. lanes.OrderBy(l => l.Name.Length == 0).ThenBy(l => l.Namespace, StringComparer.Ordinal).ThenBy(l => l.Name, StringComparer.Ordinal)
                .ThenBy(l => l.Vip, StringComparer.Ordinal).ThenBy(l => l.Port),
        ];
    }

    /// <summary>The sum of all lanes.</summary>
    /// <param name="isExact">False if it is only a sum of maxima.</param>
    public static LaneSums Sum(StoredLanes stored, NowPart now, int split, IReadOnlyList<ServiceLane> lanes, bool isFiltered, out bool isExact)
    {
        isExact = !isFiltered || lanes.Count < 2;
        int columns = stored.Known.Length;
        int[] blank = Unreported(stored, now, split);
        if (!isFiltered)
            return Sum(stored.Sums.GetValueOrDefault(default), now.Columns > 0 ? now.View.Sum : null, stored, blank, split);
        var sum = new LaneSums(new int[columns], new int[columns], new int[columns]);
        for (int column = 0; column < columns && lanes.Count == 0; column++)
            (sum.Entries[column], sum.Closing[column], sum.Stale[column]) = (blank[column], blank[column], blank[column]);
        foreach (var lane in lanes.Select(lane => lane.Sum).OfType<LaneSums>())
        {
            BlockSums.Add(lane.Entries, sum.Entries);
            BlockSums.Add(lane.Closing, sum.Closing);
            BlockSums.Add(lane.Stale, sum.Stale);
        }

        return sum;
    }

    private static LaneSums Sum(StoredLanes.StoredSeries? sum, LaneSums? live, StoredLanes stored, int[] blank, int split) => new(
        Joined(sum?.EntryColumns ?? stored.Blank, live?.Entries, stored, blank, split), Joined(sum?.ClosingColumns ?? stored.Blank, live?.Closing, stored, blank, split),
        Joined(sum?.StaleColumns ?? stored.Blank, live?.Stale, stored, blank, split, keepsStored: true));

    // After the last column of memory nothing is known.
    private static int[] Unreported(StoredLanes stored, NowPart now, int split)
    {
        int[] blank = [.. stored.Blank];
        for (int column = split; column < blank.Length; column++)
            blank[column] = stored.Known[column] || (column - split < now.Columns && now.Known[column - split]) ? 0 : -1;
        return blank;
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
