using ConntrackConsole.Diagnosis.Facts;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Nodes;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.NodeCounters;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Findings;

/// <summary>What the nodes' details of a watched address, and late answers, add to the evidence.</summary>
internal static class DetailReader
{
    // An entry counts as refreshed for ten seconds: what was refreshed before the pod's end must not count.
    private const long RefreshedMs = 11_000;

    // What a collector reports as sent within the last two seconds was sent after it. kube-proxy deletes the entries of a pod that ends within a
    // second or so: that is no fault yet.
    private const long SendingMs = 2_000;

    // Where it is known to have written its rules since, what is left a moment later is left for good: it deletes entries right after its rules.
    private const long DeletionMs = 500;

    /// <summary>Look-ups of an address to which no packet arrives: what waits now waits for nothing, unless something answered since.</summary>
    public static LookupEvidence Dead(SubjectRecords subject, LookupEvidence looks, long deadSinceMs, long atMs)
    {
        int waiting = 0, answered = 0;
        foreach (var (_, rowMs, row, isLast) in Rows(subject, atMs))
        {
            waiting += isLast ? (int)row.Waiting : 0;
            if (row.Answering > 0 && (isLast || rowMs >= deadSinceMs + SubjectPath.SettledMs))
                answered = Math.Max(answered, (int)row.Answering);
        }

        return looks with { Waiting = waiting, Answered = answered };
    }

    /// <summary>Entries of which the senders back off at a moment, on other nodes than one.</summary>
    public static int BackingOff(SubjectRecords subject, string except, long atMs) =>
        Rows(subject, atMs).Where(row => row.IsLast && row.Node != except).Sum(row => (int)row.Row.BackingOff);

    /// <summary>SYN_SENT entries that are used again, since a moment; as many as at any one time.</summary>
    public static Occurrences SynReused(SubjectRecords subject, long sinceMs, long atMs)
    {
        int most = 0;
        long firstMs = long.MaxValue;
        if (!subject.Groups.Exists(group => group.Key.Proto == Protocols.Tcp))
            return Occurrences.None;
        foreach (var incidents in subject.Record.Incidents)
        {
            long offsetMs = subject.Record.Nodes[incidents.Slot].Head.ClockOffsetMs;
            for (int i = 0; i < incidents.Details.Length && incidents.Details[i].AtMs + offsetMs <= atMs; i++)
            {
                // A row stands until the next one.
                long untilMs = i + 1 < incidents.Details.Length ? incidents.Details[i + 1].AtMs + offsetMs : long.MaxValue;
                if (untilMs <= sinceMs || incidents.Details[i].Row.SynReused == 0)
                    continue;
                most = Math.Max(most, (int)incidents.Details[i].Row.SynReused);
                firstMs = Math.Min(firstMs, Math.Max(sinceMs, incidents.Details[i].AtMs + offsetMs));
            }
        }

        return most == 0 ? Occurrences.None : new Occurrences(most, [firstMs]);
    }

    /// <summary>UDP entries that are refreshed at this moment, and were since another one.</summary>
    /// <param name="removedMs">When the endpoint left the slices; null while it is there, or if there was no such endpoint.</param>
    public static Occurrences UdpRefreshed(SubjectRecords subject, long sinceMs, long atMs, long? removedMs = null)
    {
        // Rows are of an address: of its Services, those that have such entries.
        long entries = subject.Groups.Where(group => group.Key.Proto == Protocols.Udp).Sum(group => group.Members.Sum(member => (long)EntryReader.LiveAt(member, atMs - subject.Record.Nodes[member.Slot].Head.ClockOffsetMs)));
        long count = 0, firstMs = long.MaxValue;
        foreach (var incidents in subject.Record.Incidents)
        {
            var node = subject.Record.Nodes[incidents.Slot];
            var head = node.Head;
            int last = Array.FindLastIndex(incidents.Details, row => row.AtMs + head.ClockOffsetMs <= atMs);
            long lookedMs = Math.Min(atMs, head.LastAtMs + head.ClockOffsetMs);
            if (last < 0 || Sent(incidents.Details[last].Row, lookedMs - sinceMs, HasSynced(node, removedMs, lookedMs)) is var refreshed && refreshed == 0)
                continue;
            count += refreshed;
            int first = Array.FindLastIndex(incidents.Details, last, row => row.Row.UdpRefreshed == 0) + 1;
            firstMs = Math.Min(firstMs, Math.Max(sinceMs, incidents.Details[first].AtMs + head.ClockOffsetMs));
        }

        count = Math.Min(count, entries);
        return count == 0 ? Occurrences.None : new Occurrences((int)count, [firstMs]);
    }

    private static uint Sent(WatchedDetail row, long lastedMs, bool hasSynced) => lastedMs switch
    {
        >= RefreshedMs => row.UdpRefreshed,
        >= SendingMs => row.UdpSending,
        >= WatchedDetail.LastSecondMs when hasSynced => row.UdpSendingLastSecond,
        _ => 0,
    };

    // A change that was queued as the endpoint left is in the rules of a node, none is pending since, and its entries would have been deleted by now. Its
    // watch is another one than the console's: either may be the faster one.
    private static bool HasSynced(NodeRecord node, long? removedMs, long atMs)
    {
        if (removedMs is not { } changedMs || node.Facts.Proxy?.Reading is not { Answers: true, LastSync: > 0 and < 1e11, LastQueued: > 0, EndpointChangesPending: 0 } reading)
            return false;
        long offsetMs = node.Head.ClockOffsetMs, queuedMs = (long)(reading.LastQueued * 1_000) + offsetMs, syncedMs = (long)(reading.LastSync * 1_000) + offsetMs;
        return reading.AtMs + offsetMs >= changedMs + SyncLog.WatchSkewMs && queuedMs >= changedMs - SyncLog.WatchSkewMs && syncedMs >= queuedMs && syncedMs + DeletionMs <= atMs;
    }

    /// <summary>The last moments at which a node saw refreshed UDP entries.</summary>
    public static IEnumerable<long> EndsOfUdp(SubjectRecords subject)
    {
        foreach (var incidents in subject.Record.Incidents)
        {
            for (int i = 1; i < incidents.Details.Length; i++)
            {
                if (incidents.Details[i - 1].Row.UdpRefreshed > 0 && incidents.Details[i].Row.UdpRefreshed == 0)
                    yield return incidents.Details[i].AtMs + subject.Record.Nodes[incidents.Slot].Head.ClockOffsetMs - 1;
            }
        }
    }

    /// <summary>After which moment the latest new entry of a frame was made; null if that is not known.</summary>
    /// <param name="slot">The node.</param>
    /// <param name="atMs">The time of its frame.</param>
    public static long? NewestEntryMs(SubjectRecords subject, int slot, long atMs)
    {
        var incidents = subject.Record.Incidents.FirstOrDefault(incidents => incidents.Slot == slot);
        long offsetMs = subject.Record.Nodes[slot].Head.ClockOffsetMs;
        int at = incidents is null ? -1 : Array.FindLastIndex(incidents.Details, row => row.AtMs + offsetMs == atMs);
        return at >= 0 && incidents!.Details[at].Row.NewestEntryMs is > 0 and var ageMs ? atMs - ageMs : null;
    }

    /// <summary>Connections of the subject that were answered only after a repeated SYN.</summary>
    public static Occurrences LateAnswers(FindingWindow window, SubjectRecords subject, long sinceMs, long untilMs) => Occurrences.At(
    [
        .. from late in subject.LateAnswers
           where late.AtMs >= Math.Max(window.FromMs, sinceMs) && late.AtMs < Math.Min(window.ToMs + 1, untilMs)
           orderby late.AtMs
           select late.AtMs,
    ]);

    /// <summary>
    /// Late answers that waited while insertions failed on a node that has the subject's entries, each failure for one of them: others have
    /// waited for something else. The counters are known by intervals of ten seconds.
    /// </summary>
    public static Occurrences LateByFailedInsertions(FindingWindow window, SubjectRecords subject, long untilMs)
    {
        var failures = (
            from node in subject.Nodes
            from increase in node.Increases
            where increase.InsertFailed > 0
            select (FromMs: increase.AtMs + node.Head.ClockOffsetMs, increase.InsertFailed)).ToList();
        if (failures.Count == 0)
            return Occurrences.None;
        var times = new List<long>();
        foreach (var late in subject.LateAnswers.Where(late => late.AtMs >= window.FromMs && late.AtMs < Math.Min(window.ToMs + 1, untilMs)).OrderBy(late => late.AtMs))
        {
            int index = failures.FindIndex(failure => failure.InsertFailed > 0 && failure.FromMs <= late.AtMs && failure.FromMs + CounterIncrease.BucketMs > late.AtMs - late.WaitedMs);
            if (index < 0)
                continue;
            failures[index] = failures[index] with { InsertFailed = failures[index].InsertFailed - 1 };
            times.Add(late.AtMs);
        }

        return Occurrences.At([.. times]);
    }

    private static IEnumerable<(string Node, long AtMs, WatchedDetail Row, bool IsLast)> Rows(SubjectRecords subject, long atMs) =>
        from incidents in subject.Record.Incidents
        let head = subject.Record.Nodes[incidents.Slot].Head
        let offsetMs = head.ClockOffsetMs
        let rows = incidents.Details.Where(row => row.AtMs + offsetMs <= atMs).ToList()
        from index in Enumerable.Range(0, rows.Count)
        orderby rows[index].AtMs + offsetMs
        select (head.Name, rows[index].AtMs + offsetMs, rows[index].Row, index == rows.Count - 1);
}

/// <summary>Whether packets to an address arrive, as the nodes see it.</summary>
/// <param name="Route">Missing where no node reports the address.</param>
/// <param name="DeadSinceMs">Since when they do not; null if they do, or if it is not known.</param>
/// <param name="FormerGoneMs">When the interface of the former pod had gone.</param>
internal sealed record SubjectPath(Source<RouteEvidence> Route, long? DeadSinceMs, long? FormerGoneMs)
{
    /// <summary>What waits for an answer this long after the path died was looked up after it, and waits for nothing.</summary>
    public const long SettledMs = 1_000;

    public static readonly SubjectPath Unknown = new(Source<RouteEvidence>.Missing("no node reports a route to it"), null, null);
}

/// <summary>Reads what nodes report of the route to an address: the node of its pod, and those that have entries of it.</summary>
internal static class PathReader
{
    private const long SilentMs = 5_000;

    /// <param name="home">The node of the pod that had the address last; null if it is not known.</param>
    /// <param name="sinceMs">What was before belongs to an earlier pod.</param>
    public static SubjectPath Read(SubjectRecords subject, string? home, long sinceMs, long atMs)
    {
        var paths = (from incidents in subject.Record.Incidents
                     where incidents.Details.Length > 0
                     let node = subject.Record.Nodes[incidents.Slot]
                     let isHome = node.Head.Name == home
                     where isHome || subject.HasEntriesOn(incidents.Slot)
                     orderby isHome descending, node.Head.Name
                     let offsetMs = node.Head.ClockOffsetMs
                     where atMs - (node.Head.LastAtMs + offsetMs) < SilentMs
                     select (Node: node.Head.Name, IsHome: isHome, Rows: incidents.Details.Select(row => (AtMs: row.AtMs + offsetMs, row.Row)).Where(row => row.AtMs <= atMs).ToList())).ToList();
        long? goneMs = paths.FirstOrDefault(path => path.IsHome) is { Rows: { } rows } ? FormerGoneMs(rows, sinceMs) : null;
        foreach (var path in paths)
        {
            if (path.Rows is not [.., var last] || !IsDead(last.Row.Path) || (!path.IsHome && last.Row.Path == PathState.LeafGone))
                continue;
            int first = path.Rows.FindLastIndex(row => !IsDead(row.Row.Path)) + 1;
            return new SubjectPath(Evidence(subject, path.Node, last.Row.Path), Math.Max(sinceMs, path.Rows[first].AtMs), goneMs);
        }

        return paths.Exists(path => path.Rows is [.., { Row.Path: PathState.Leaf }])
            ? new SubjectPath(new RouteEvidence { HasLeaf = true, Text = $"{home}'s route to {subject.Subject.Backend} leads to a pod" }, null, goneMs)
            : SubjectPath.Unknown with { FormerGoneMs = goneMs };
    }

    private static bool IsDead(PathState path) => path is PathState.Dead or PathState.NoNeighbour or PathState.LeafGone;

    // The first look at which the interface was another one, or none.
    private static long? FormerGoneMs(List<(long AtMs, WatchedDetail Row)> rows, long sinceMs)
    {
        uint link = 0;
        foreach (var (atMs, row) in rows)
        {
            if (row.Path == PathState.Leaf && link == 0)
                link = row.Link;
            else if (atMs >= sinceMs && (IsDead(row.Path) || (row.Path == PathState.Leaf && row.Link != link)))
                return atMs;
        }

        return null;
    }

    private static RouteEvidence Evidence(SubjectRecords subject, string node, PathState path)
    {
        var ip = subject.Subject.Backend;
        return path switch
        {
            PathState.Dead => new RouteEvidence { IsBlocked = true, Text = $"{node}'s route to {ip} is blackhole, unreachable or prohibit" },
            PathState.NoNeighbour => new RouteEvidence { NeighbourFailed = true, Text = $"no pod of {node} answers for {ip} on its bridge" },
            _ => new RouteEvidence { HasLeaf = false, Text = $"no interface of {node} has {ip} any more" },
        };
    }
}
