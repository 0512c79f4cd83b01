using ConntrackConsole.Diagnosis.Facts;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Findings;

/// <summary>The evidence of one subject, and what the rules do not need but users do.</summary>
/// <param name="Pods">namespace/name of the pods that had the address.</param>
/// <param name="SinceMs">The first sign, for a finding without a time of its own.</param>
internal sealed record SubjectEvidence(SubjectRecords Records, Evidence Evidence, IReadOnlyList<string> Pods, long? SinceMs);

/// <summary>
/// Builds the evidence of the diagnosis from the records of an address. Pure: the same records and the same window give the same evidence,
/// whether they come from memory or from stored frames. What has no source is missing, with the reason.
/// </summary>
internal static class EvidenceBuilder
{
    /// <param name="atMs">The moment as of which owners and look-ups are read.</param>
    public static SubjectEvidence Build(FindingWindow window, SubjectRecords records, long atMs)
    {
        var subject = records.Subject;
        var life = LifecycleReader.Read(window, subject, atMs);
        var path = subject.Backend.IsNone ? SubjectPath.Unknown : PathReader.Read(records, life.Node, life.Evidence.Value?.DeletionRequestedMs ?? life.GoneMs ?? window.FromMs, atMs);
        long? deadMs = path.DeadSinceMs is { } sinceMs && atMs - sinceMs >= SubjectPath.SettledMs ? sinceMs : null;
        if (life.Evidence.Value is { } known)
        {
            // A pod that is to end and has no interface any more has ended, although its object is still there; one that lives may just have got the address.
            bool isOver = deadMs is not null && known is { HasLiveOwner: true, DeletionRequestedMs: not null, NewOwner: null };
            if (known.HasLiveOwner == true && !isOver)
                deadMs = null;
            life = life with { Evidence = known with { FormerGoneMs = known.NewOwner is null && known.DeletionRequestedMs is null ? null : path.FormerGoneMs, HasLiveOwner = isOver ? null : known.HasLiveOwner } };
        }

        var silence = life is { Node: { Length: > 0 } node, Evidence.Value: { NewOwner: null, HostNetwork: false } } ? window.SilenceOf?.Invoke(node, atMs) : null;
        if (silence is not null)
            life = life with { Evidence = life.Evidence.Value! with { Silence = silence } };
        // Its object is deleted after its interface.
        long? goneMs = deadMs < life.GoneMs ? deadMs : life.GoneMs ?? deadMs;
        var lookups = LookupReader.Read(records, goneMs ?? silence?.SinceMs ?? window.FromMs, atMs);
        if (silence is not null && lookups.Value is { } unanswered)
            lookups = unanswered with { BackingOff = DetailReader.BackingOff(records, silence.Node, atMs) };
        if (!lookups.IsKnown && MayLeadNowhere(life, silence) && window.IsLeftOut?.Invoke(subject.Backend) == true)
            lookups = LeftOut(records);
        if (deadMs is { } since && lookups.Value is { } looks)
            lookups = DetailReader.Dead(records, looks, since, atMs);
        if (life is { Pod: { } pod, Evidence.Value: { } facts } && records.Resets.Count > 0)
            life = life with { Evidence = facts with { LastPacketP99Seconds = PodActivity.P99Seconds(window, records.Record, pod) } };
        var evidence = new Evidence
        {
            Subject = new DiagnosisSubject(subject.Backend, subject.Address),
            Scope = EvidenceScope.Cluster,
            Window = new ObservationWindow(window.FromMs, window.ToMs),
            Resets = Resets(window, records, life.Evidence.Value?.FormerGoneMs),
            Traffic = Traffic(window, records, life),
            Entries = EntryReader.Read(window, records, life, goneMs, atMs),
            Lookups = lookups,
            Ipvs = NodeReader.Ipvs(subject.Backend, records.Nodes),
            Lifecycle = life.Evidence,
            Counters = NodeReader.Counters(window, records.Nodes),
            Proxy = NodeReader.Proxy(window, records.Nodes),
            Settings = SettingReader.Read(window, records.Nodes),
            Route = deadMs is null && path.DeadSinceMs is not null ? SubjectPath.Unknown.Route : path.Route,
            Gaps = NodeReader.Gaps(window, records.Nodes),
        };
        return new SubjectEvidence(records, evidence, life.Pods, FirstSign(records, life));
    }

    // What the console would have looked up, if its list were longer.
    private static bool MayLeadNowhere(SubjectLifecycle life, NodeSilence? silence) =>
        life.Evidence.Value is { HostNetwork: false } known && (known.HasLiveOwner == false || known.DeletionRequestedMs is not null || silence is not null);

    private static LookupEvidence LeftOut(SubjectRecords records)
    {
        int entries = (int)records.Groups.Sum(group => group.Members.Sum(member => (long)member.Now.Live));
        return new LookupEvidence { Established = entries, Cut = entries, IsLeftOut = true };
    }

    // The packets of single addresses are not counted. Not every collector reports the others, so that none is not known to be none.
    private static Source<TrafficEvidence> Traffic(FindingWindow window, SubjectRecords records, SubjectLifecycle life)
    {
        var late = DetailReader.LateAnswers(window, records, window.FromMs, life.NewOwnerSinceMs ?? long.MaxValue);
        var refused = records.Refusals.Count > 0 ? Occurrences.At([.. records.Refusals.Select(refusal => refusal.AtMs).Order()])
            : life.Evidence.Value?.ReadyEndpoints == 0 && ReportsRefusals(window, records.Subject.Address) ? Occurrences.None : null;
        if (late.Count == 0 && refused is null)
            return Source<TrafficEvidence>.Missing("collectors do not count the packets of single addresses");
        return new TrafficEvidence
        {
            DelayedConnects = late.Count == 0 ? null : late,
            DelayedByFailedInsertions = late.Count == 0 ? null : DetailReader.LateByFailedInsertions(window, records, life.NewOwnerSinceMs ?? long.MaxValue),
            Refused = refused,
        };
    }

    // The client's node refuses, which may be any.
    private static bool ReportsRefusals(FindingWindow window, ServiceAddress? address) => address is { Ip.IsV4: true } && window.History.NodesAt(window.ToMs) is { } nodes
        && nodes.All(node => window.HelloOf(node)?.Capabilities.Any(capability => capability is { Name: Capability.Refusals, Available: true }) == true);

    // The nodes at both ends may report the same reset. In the order of their times, so that the result does not depend on arrival.
    private static Source<ResetEvidence> Resets(FindingWindow window, SubjectRecords records, long? formerGoneMs)
    {
        // A connection that began with the new owner of the address is not one of the former pod's.
        // These end a black hole, and are explained with it.
        var waited = records.Resets.Exists(reset => reset.Reset.Kind == ResetKind.NewBackend) ? EntryReader.WaitedElsewhere(window, records) : null;
        var itsOwn = records.LateAnswers.Where(late => late.AtMs >= formerGoneMs).Select(late => (late.Src, late.Sport)).ToHashSet();
        string? incomplete = null;
        var reporting = records.Resets.Select(reset => reset.Node).ToHashSet<NodeRecord>(ReferenceEqualityComparer.Instance);
        foreach (var node in records.Nodes)
        {
            if (!reporting.Contains(node) && Unobserved(window.HelloOf(node.Head.Name)) is { } reason)
                incomplete = $"{node.Head.Name} cannot observe resets: {reason}";
        }

        if (incomplete is not null && records.Resets.Count == 0)
            return Source<ResetEvidence>.Missing(incomplete);
        var deduplicator = new ResetDeduplicator();
        foreach (var (node, reset) in records.Resets.OrderBy(reset => reset.Reset.AtMs).ThenBy(reset => reset.Node.Head.Name, StringComparer.Ordinal))
        {
            var client = (reset.Dst, reset.Dport);
            if (reset.Kind switch { ResetKind.FromBackend => !itsOwn.Contains(client), ResetKind.NewBackend => !waited!.Contains(client), _ => true })
                deduplicator.Add(node.Head.Name, reset);
        }

        var tally = new ResetTally(records.Subject.Backend);
        foreach (var report in deduplicator.Kept)
            tally.Add(report.Reset);
        return tally.ToEvidence(incomplete);
    }

    // A collector that is older than its capabilities, or none that was heard of: what it did not report may have happened.
    private static string? Unobserved(Hello? hello)
    {
        string? reason = null;
        foreach (var capability in hello?.Capabilities ?? [])
        {
            if (!capability.Name.StartsWith("resets.", StringComparison.Ordinal))
                continue;
            if (capability.Available)
                return null;
            reason ??= capability.Detail ?? "";
        }

        return reason;
    }

    private static long? FirstSign(SubjectRecords records, SubjectLifecycle life)
    {
        var times = records.Resets.Where(reset => reset.Reset.Kind is not (ResetKind.ClientAbort or ResetKind.Other)).Select(reset => reset.Reset.AtMs)
            .Concat(records.Notes.Select(note => note.Note.AtMs));
        if (life.GoneMs is { } goneMs)
            times = times.Append(goneMs);
        long first = times.DefaultIfEmpty(long.MaxValue).Min();
        return first == long.MaxValue ? null : Math.Max(first, 0);
    }
}
