using ConntrackConsole.Diagnosis.Facts;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Series;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Findings;

/// <summary>
/// What became of a subject's entries: single ones by the nodes' notes, the others by the counts of its groups. A frame has the counts of the
/// end of a second, so that an entry is up to a second older than the step in which it appears.
/// </summary>
internal static class EntryReader
{
    private const long SecondMs = 1_000;
    private const int MaxTimes = 1_000;

    // The kernel's defaults; a few seconds more for the removal of what has expired.
    private const long UdpTimeoutMs = 35_000;
    private const long UdpStreamTimeoutMs = 125_000;

    /// <param name="goneMs">Since when no pod has the address, or no packet arrives there; null if that is not known.</param>
    /// <param name="atMs">The moment as of which look-ups are read.</param>
    public static EntryEvidence Read(FindingWindow window, SubjectRecords subject, SubjectLifecycle life, long? goneMs, long atMs)
    {
        var ip = subject.Subject.Backend;
        var tally = new NoteTally(ip);
        List<long>? abandoned = null;
        foreach (var (_, note) in subject.Notes)
        {
            if (!MovedAway(subject, note))
                tally.Add(note);
            else if (note.Backend == ip && WasAbandoned(window, note))
                (abandoned ??= []).Add(note.AtMs);
        }

        // Its entry was lost at another backend, and created again at this one.
        foreach (var lost in MovedHere(window, subject))
        {
            if (!WasAbandoned(window, lost))
                tally.Add(lost with { Backend = ip });
        }

        var facts = life.Evidence.Value;
        var evidence = tally.ToEvidence() with { Abandoned = abandoned is null ? Occurrences.None : Occurrences.At([.. abandoned]), ClosedByReset = Closed(window, subject, facts?.DeletionRequestedMs ?? window.FromMs) };
        if (facts?.EndpointRemovedMs is { } removedMs)
            evidence = evidence with { NewAfterRemoval = NewSince(window, subject, removedMs, life.NewOwnerSinceMs ?? long.MaxValue) };
        if (facts?.NewOwner is { StartedMs: { } startedMs } owner)
        {
            // What was there when the former pod's interface had gone is older than its successor.
            long olderMs = Math.Min(startedMs, facts.FormerGoneMs ?? long.MaxValue);
            evidence = evidence with { OlderThanOwner = subject.Groups.Sum(group => group.Members.Sum(member => LiveAt(member, Math.Min(olderMs - Offset(subject, member), window.ToMs)))) };
            if (owner.InService == false)
            {
                var late = DetailReader.LateAnswers(window, subject, olderMs, long.MaxValue);
                evidence = evidence with { EstablishedWithOwner = Later(Established(subject, NewSince(window, subject, startedMs, long.MaxValue)), late) };
            }
        }

        if (subject.Subject.Backend.IsNone)
            return evidence with { UntranslatedUdp = More(Lasting(window, subject, window.FromMs, atMs), DetailReader.UdpRefreshed(subject, window.FromMs, atMs)) };
        return goneMs is { } since
            ? evidence with { RefreshedUdp = More(Lasting(window, subject, since, atMs), DetailReader.UdpRefreshed(subject, since, atMs, facts?.EndpointRemovedMs)), SynSentReused = Repeated(subject, DetailReader.SynReused(subject, since, atMs)) }
            : evidence;
    }

    // Of the pod's whole life, aborts of its clients would count.
    private static int Closed(FindingWindow window, SubjectRecords subject, long sinceMs) => (
        from incidents in subject.Record.Incidents
        let offsetMs = subject.Record.Nodes[incidents.Slot].Head.ClockOffsetMs
        from row in incidents.Closed
        where subject.Groups.Exists(entries => entries.Key == row.Key) && row.AtMs + offsetMs is var atMs && atMs >= Math.Max(window.FromMs, sinceMs) && atMs <= window.ToMs
        select row.Count).Sum();

    // A client with few ports comes back to each of them. A port that was chosen at random is chosen twice now and then: that is no cause.
    private static Occurrences Repeated(SubjectRecords subject, Occurrences reused) =>
        reused.Count > 1 && reused.Count * 4L >= subject.Groups.Sum(group => group.Members.Sum(member => (long)member.Now[(int)FlowState.SynSent])) ? reused : Occurrences.None;

    // Two sources of the same, by counts of groups and by single entries.
    private static Occurrences More(Occurrences one, Occurrences other) => other.Count > one.Count ? other : one;

    // A SYN that waited for the former pod and was answered by its successor is in an older entry.
    private static Occurrences Later(Occurrences begun, Occurrences answered) => answered.Count == 0 ? begun : begun.Count == 0 ? answered : begun + answered;

    private static int Offset(SubjectRecords subject, CapturedSeries member) => subject.Record.Nodes[member.Slot].Head.ClockOffsetMs;

    private static bool IsSameConnection(in FlowNote one, in FlowNote other) =>
        (one.Src, one.Sport, one.Dst, one.Dport) == (other.Src, other.Sport, other.Dst, other.Dport);

    /// <summary>Clients of entries that expired at an address without a pod, and were created again with this backend.</summary>
    public static HashSet<(Ip Address, ushort Port)> WaitedElsewhere(FindingWindow window, SubjectRecords subject) =>
        [.. from lost in MovedHere(window, subject) where WasAbandoned(window, lost) select (lost.Src, lost.Sport)];

    // Its client waited for a dead pod, so it was not idle: the kernel keeps an entry without an answer for five minutes.
    private static bool WasAbandoned(FindingWindow window, in FlowNote lost) =>
        lost.Cause == LossCause.Timeout && window.History.HolderAt(lost.Backend, lost.AtMs).State is OwnerState.Gone or OwnerState.Lost;

    private static bool MovedAway(SubjectRecords subject, FlowNote lost) => lost.Kind == FlowNoteKind.Lost && subject.Record.Moved.Any(moved =>
        moved.Note.Kind == FlowNoteKind.MidStream && moved.Note.Backend != lost.Backend && IsSameConnection(moved.Note, lost) && moved.Note.AtMs >= lost.AtMs - SecondMs);

    private static IEnumerable<FlowNote> MovedHere(FindingWindow window, SubjectRecords subject) =>
        from moved in subject.Record.Moved
        let lost = moved.Note
        where lost.Kind == FlowNoteKind.Lost && lost.Backend != subject.Subject.Backend && lost.AtMs >= window.FromMs && lost.AtMs <= window.ToMs
            && subject.Notes.Exists(own => own.Note.Kind == FlowNoteKind.MidStream && IsSameConnection(own.Note, lost) && own.Note.AtMs >= lost.AtMs - SecondMs)
        select lost;

    // New entries, except those that continue a connection. Of an address that has entries of this Service alone, the time of the latest is known better.
    private static Occurrences NewSince(FindingWindow window, SubjectRecords subject, long sinceMs, long untilMs)
    {
        var times = new List<long>();
        int count = 0;
        bool isAlone = subject.Groups.Count == subject.Record.Groups.Count(group => !group.Key.Vip.IsNone);
        foreach (var group in subject.Groups)
        {
            foreach (var member in group.Members)
            {
                var node = subject.Record.Nodes[member.Slot];
                foreach (var (atMs, added) in Additions(window, node, member.Steps))
                {
                    long earliestMs = atMs - SecondMs;
                    if (earliestMs <= sinceMs || atMs >= untilMs)
                        continue;
                    int continued = subject.Notes.Count(note => note.Node == node && note.Note.Kind != FlowNoteKind.Lost && note.Note.AtMs > earliestMs - SecondMs && note.Note.AtMs <= atMs);
                    int fresh = Math.Max(0, added - continued);
                    count += fresh;
                    long newestMs = isAlone && continued == 0 ? DetailReader.NewestEntryMs(subject, member.Slot, atMs) ?? earliestMs : earliestMs;
                    for (int i = 0; i < fresh && times.Count < MaxTimes; i++)
                        times.Add(i == 0 ? Math.Max(earliestMs, newestMs) : earliestMs);
                }
            }
        }

        return new Occurrences(count, times);
    }

    // What was already there when the table became known is no new entry.
    private static IEnumerable<(long AtMs, int Added)> Additions(FindingWindow window, NodeRecord node, StepSlice steps)
    {
        var before = default(Step);
        bool isFirst = true;
        foreach (var step in steps)
        {
            long atMs = step.AtMs + node.Head.ClockOffsetMs;
            int live = step.Live - before.Live, closing = step.Closing - before.Closing;
            int added = Math.Max(0, live) + Math.Max(0, closing - Math.Max(0, -live));
            bool begins = node.Head.Known.Any(known => known.FromMs == step.AtMs) || (isFirst && node.Head.Known is [var first, ..] && step.AtMs < first.FromMs);
            (before, isFirst) = (step, false);
            if (added > 0 && !begins && atMs >= window.FromMs && atMs <= window.ToMs)
                yield return (atMs, added);
        }
    }

    /// <summary>Entries that were not closing at a moment.</summary>
    /// <param name="atMs">By the node's clock.</param>
    public static int LiveAt(CapturedSeries member, long atMs)
    {
        int live = 0;
        foreach (var step in member.Steps)
        {
            if (step.AtMs > atMs)
                break;
            live = step.Live;
        }

        return live;
    }

    // A SYN that waits is no connection.
    private static Occurrences Established(SubjectRecords subject, Occurrences added)
    {
        int now = (int)subject.Groups.Sum(group => group.Members.Sum(member => (long)member.Now[(int)FlowState.Established]));
        return added.Count <= now ? added : new Occurrences(now, [.. added.TimesMs.Take(now)]);
    }

    // Entries that last longer than their timeout are refreshed by their sender.
    private static Occurrences Lasting(FindingWindow window, SubjectRecords subject, long sinceMs, long atMs)
    {
        var times = new List<long>();
        int count = 0;
        foreach (var group in subject.Groups)
        {
            if (group.Key.Proto != Protocols.Udp || (subject.Subject.Backend.IsNone && group.Key.Backend != group.Key.Vip))
                continue;
            foreach (var member in group.Members)
            {
                var head = subject.Record.Nodes[member.Slot].Head;
                bool answered = member.Now[(int)FlowState.Assured] + member.Now[(int)FlowState.Replied] > 0;
                var (kept, fromMs) = Minimum(member.Steps, sinceMs - head.ClockOffsetMs, Math.Min(atMs - head.ClockOffsetMs, head.LastAtMs), answered ? UdpStreamTimeoutMs : UdpTimeoutMs);
                count += kept;
                for (int i = 0; i < kept && times.Count < MaxTimes; i++)
                    times.Add(Math.Max(window.FromMs, fromMs + head.ClockOffsetMs));
            }
        }

        return new Occurrences(count, times);
    }

    // The lowest number of entries within the last interval of the timeout's length, if it lies after a moment, and since when there are any.
    private static (int Count, long SinceMs) Minimum(StepSlice steps, long sinceMs, long untilMs, long timeoutMs)
    {
        long fromMs = untilMs - timeoutMs, begunMs = sinceMs;
        if (fromMs < sinceMs)
            return (0, 0);
        int lowest = int.MaxValue, live = 0;
        foreach (var step in steps)
        {
            if (step.AtMs > untilMs)
                break;
            if (step.AtMs > fromMs && lowest == int.MaxValue)
                lowest = live;
            if (live == 0 && step.Live > 0)
                begunMs = Math.Max(sinceMs, step.AtMs);
            live = step.Live;
            if (step.AtMs > fromMs)
                lowest = Math.Min(lowest, live);
        }

        return (Math.Min(lowest, live), begunMs);
    }
}
