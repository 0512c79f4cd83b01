using ConntrackConsole.Diagnosis.Facts;

namespace ConntrackConsole.Findings;

/// <summary>Adds up what the nodes' look-ups of an address show at a moment.</summary>
internal static class LookupReader
{
    /// <param name="sinceMs">What was answered before belongs to the pod that had the address then.</param>
    public static Source<LookupEvidence> Read(SubjectRecords subject, long sinceMs, long atMs)
    {
        if (!subject.HasLookups)
            return Source<LookupEvidence>.Missing(subject.Record.Incidents.Any(incidents => incidents.Lookups.Length > 0)
                ? "the look-ups of the address count the entries of another Service" : "the address was not on the watch list");
        LookupEvidence? sum = null;
        foreach (var incidents in subject.Record.Incidents)
        {
            if (incidents.Lookups.Length == 0)
                continue;
            var head = subject.Record.Nodes[incidents.Slot].Head;
            var tally = new LookupTally();
            foreach (var (rowMs, row) in incidents.Lookups)
            {
                long shownMs = rowMs + head.ClockOffsetMs;
                if (shownMs > atMs)
                    break;
                // What was answered before shows nothing of the time since; what waits since before still waits.
                tally.Add(shownMs, shownMs < sinceMs ? row with { Alive = 0, Unacknowledged = row.Alive > 0 ? 0 : row.Unacknowledged } : row);
            }

            if (tally.ToEvidence(Math.Min(atMs, head.LastAtMs + head.ClockOffsetMs)).Value is { } one)
                sum = sum is null ? one : Sum(sum, one);
        }

        return sum ?? Source<LookupEvidence>.Missing("the address was not on the watch list");
    }

    /// <summary>The times at which the result of a look-up ended.</summary>
    public static IEnumerable<long> ChangesOf(SubjectRecords subject) =>
        from incidents in subject.Record.Incidents
        let offsetMs = subject.Record.Nodes[incidents.Slot].Head.ClockOffsetMs
        from atMs in incidents.Lookups.Select(look => look.AtMs).Concat(EndsOfWaiting(incidents))
        select atMs + offsetMs - 1;

    // Where the path to the address is dead, waiting is enough.
    private static IEnumerable<long> EndsOfWaiting(Timeline.Live.IncidentRecord incidents)
    {
        for (int i = 1; i < incidents.Details.Length; i++)
        {
            if (incidents.Details[i - 1].Row.Waiting > incidents.Details[i].Row.Waiting)
                yield return incidents.Details[i].AtMs;
        }
    }

    private static LookupEvidence Sum(LookupEvidence one, LookupEvidence other) => new()
    {
        Established = one.Established + other.Established, Waiting = one.Waiting + other.Waiting, Stuck = one.Stuck + other.Stuck, Answered = one.Answered + other.Answered,
        Idle = one.Idle + other.Idle, Cut = one.Cut + other.Cut, Offloaded = one.Offloaded + other.Offloaded, Seconds = Math.Max(one.Seconds, other.Seconds),
    };
}
