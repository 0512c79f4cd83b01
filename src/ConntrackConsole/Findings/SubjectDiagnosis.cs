using ConntrackConsole.Diagnosis;
using ConntrackConsole.Diagnosis.Findings;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Findings;

/// <summary>What the rules conclude of one address.</summary>
/// <param name="HasRecords">Something of it is still within the window.</param>
/// <param name="Places">The Service addresses of its entries.</param>
internal sealed record AddressReport(
    IReadOnlyList<ObservedFinding> Findings, IReadOnlyList<InsufficientEvidence> Insufficient, bool HasRecords, IReadOnlySet<Kernel.Net.Ip> Places);

/// <summary>Applies the rules to the evidence of an address, Service by Service. Pure.</summary>
internal static class SubjectDiagnosis
{
    private const int MaxMoments = 8;

    public static AddressReport Run(FindingWindow window, AddressRecord record)
    {
        var findings = new List<ObservedFinding>();
        var insufficient = new List<InsufficientEvidence>();
        var parts = SubjectRecords.Divide(window, record);
        foreach (var part in parts)
        {
            var evidence = EvidenceBuilder.Build(window, part, window.ToMs);
            var report = DiagnosisEngine.Run(evidence.Evidence);
            findings.AddRange(report.Findings.Where(finding => !NodeFindings.IsOfNodes(finding.Mechanism.Id)).Select(finding => Observed(window, evidence, finding, null)));
            var ended = Ended(window, part, evidence);
            if (ended is not null)
                findings.Add(ended);
            var earlier = report.Findings.Count == 0 && ended is null ? Earlier(window, part) : [];
            findings.AddRange(earlier);
            insufficient.AddRange(Insufficient(part.Subject, evidence, report, ended is not null || earlier.Count > 0));
        }

        bool any = parts.Any(part => part.Resets.Count + part.Notes.Count + part.LateAnswers.Count + part.Refusals.Count > 0) || record.Incidents.Any(incidents => incidents.Lookups.Any(look => look.Row.Entries > 0));
        return new AddressReport(findings, insufficient, any, record.Groups.Select(group => group.Key.Vip).Concat(record.Moved.Select(moved => moved.Note.Dst)).ToHashSet());
    }

    // A look-up shows the present: what hung earlier in the window, and was flushed or given up since, is read as of its last moment.
    private static ObservedFinding? Ended(FindingWindow window, SubjectRecords part, SubjectEvidence now)
    {
        if (!part.HasLookups || Hangs(now))
            return null;
        foreach (long atMs in LookupReader.ChangesOf(part).Where(atMs => atMs > window.FromMs && atMs < window.ToMs).Distinct().OrderDescending())
        {
            var then = EvidenceBuilder.Build(window, part, atMs);
            if (!Hangs(then))
                continue;
            var hung = DiagnosisEngine.Run(then.Evidence).Findings.FirstOrDefault(finding => finding.Explains.Unit == ExplainedUnit.HangingFlows);
            return hung is null ? null : Observed(window, then, hung, atMs);
        }

        return null;
    }

    // What was named while the last pod had the address, or the Service existed, and follows no more from what is there since. Before that pod
    // a successor was not known yet: a name of that time would be the wrong one.
    private static List<ObservedFinding> Earlier(FindingWindow window, SubjectRecords part)
    {
        if (part.Resets.Count + part.Notes.Count + part.LateAnswers.Count + part.Refusals.Count == 0 && !part.HasLookups && !part.Groups.Exists(group => group.Key.Proto == Kernel.Net.Protocols.Udp))
            return [];
        foreach (long atMs in Ends(window, part).Where(atMs => atMs > window.FromMs && atMs < window.ToMs).Distinct().OrderDescending().Take(MaxMoments))
        {
            var then = window.AsOf(atMs);
            if (SubjectRecords.Divide(then, part.Record).FirstOrDefault(same => same.Subject.Identity == part.Subject.Identity) is not { } known)
                continue;
            var evidence = EvidenceBuilder.Build(then, known, atMs);
            var found = DiagnosisEngine.Run(evidence.Evidence).Findings.Where(finding => !NodeFindings.IsOfNodes(finding.Mechanism.Id)).Select(finding => Observed(then, evidence, finding, atMs)).ToList();
            if (found.Count > 0)
                return found;
        }

        return [];
    }

    private static IEnumerable<long> Ends(FindingWindow window, SubjectRecords part)
    {
        var subject = part.Subject;
        if (subject.Service is { } service && window.History.LastServiceEnd(service, window.ToMs) is { } endMs)
            yield return endMs - 1;
        if (subject.Backend.IsNone)
        {
            foreach (var refusal in part.Refusals)
                yield return refusal.AtMs;
            foreach (long atMs in DetailReader.EndsOfUdp(part))
                yield return atMs;
            // Its pods end before it.
            if (subject.Service is { } own && window.History.LastReadyUntil(own, window.ToMs) is { } readyMs)
                yield return readyMs - 1;
            yield break;
        }

        var owners = window.History.OwnersWithin(subject.Backend, window.FromMs, window.ToMs);
        if (owners is not [.., { PodUid: var uid }])
            yield break;
        foreach (var span in owners.Where(span => span.PodUid == uid && span.ToMs is not null))
            yield return span.ToMs!.Value - 1;
        // A request is older than its report.
        if (window.Terminations.TryGetValue(uid, out var ending) && ending.DeletionRequestedMs > owners.First(span => span.PodUid == uid).FromMs)
            yield return ending.DeletionRequestedMs - 1;
    }

    private static bool Hangs(SubjectEvidence seen) => seen.Evidence.Lookups.Value is { Stuck: > 0 } || seen.Evidence is { Route.Value.IsDead: true, Lookups.Value.Waiting: > 0 }
        || seen.Evidence is { Lifecycle.Value.Silence.IsProven: true, Lookups.Value.BackingOff: > 0 };

    private static ObservedFinding Observed(FindingWindow window, SubjectEvidence evidence, Finding finding, long? endedMs)
    {
        var subject = evidence.Records.Subject;
        long? sinceMs = finding.SinceMs ?? finding.Evidence.Min(item => item.AtMs) ?? evidence.SinceMs;
        return new ObservedFinding(FindingId.Of(finding.Mechanism.Code, subject, sinceMs), subject, finding, sinceMs, endedMs)
        {
            Pods = evidence.Pods,
            Nodes = [.. evidence.Records.Nodes.Select(node => node.Head.Name).Order(StringComparer.Ordinal)],
            Clients = Clients(window, evidence, finding),
            Flow = SampleFlowReader.Read(window, evidence, kind => finding.Explains.Unit == ExplainedUnit.Resets && Explains(finding.Mechanism.Id, kind)),
        };
    }

    // Of connections that hang, nodes report the number, not the clients.
    private static List<AffectedClient> Clients(FindingWindow window, SubjectEvidence evidence, Finding finding)
    {
        if (finding.Explains.Unit != ExplainedUnit.Resets)
            return [];
        var clients = new Dictionary<Kernel.Net.Ip, long>();
        foreach (var (_, reset) in evidence.Records.Resets)
        {
            if (Explains(finding.Mechanism.Id, reset.Kind))
                clients.TryAdd(reset.Kind == ResetKind.UnNated ? reset.Src : reset.Dst, reset.AtMs);
        }

        return
        [
            .. from client in clients
               orderby client.Key
               let owner = window.History.OwnerAt(client.Key, client.Value)
               select new AffectedClient(client.Key, owner?.FullName, owner is null ? null : window.WorkloadOfPod(owner.PodUid)),
        ];
    }

    private static bool Explains(string mechanism, ResetKind kind) => mechanism switch
    {
        "M1" or "M2" => kind == ResetKind.UnNated,
        "M2b" or "M9" => kind == ResetKind.NewBackend,
        "M10" => kind is ResetKind.UnNated or ResetKind.NewBackend,
        _ => kind is ResetKind.FromBackend or ResetKind.RefusedSyn,
    };

    // Missing sources matter only where something is left to explain; otherwise they are the same for every address.
    private static IEnumerable<InsufficientEvidence> Insufficient(FindingSubject subject, SubjectEvidence evidence, DiagnosisReport report, bool hasEnded)
    {
        bool isOpen = report.Findings.Count == 0 && !hasEnded && (report.Missing.Any(missing => missing.Kind != MissingKind.Source) || IsBlind(evidence));
        foreach (var missing in report.Missing)
        {
            if (missing.Kind != MissingKind.Source || (isOpen && IsSpecific(missing)))
                yield return new InsufficientEvidence(subject, missing.Mechanisms, missing.What);
        }
    }

    private static bool IsBlind(SubjectEvidence evidence) => !evidence.Evidence.Resets.IsKnown || evidence.Evidence.Gaps.Any(gap => gap.Kind != GapKind.Started);

    // The console has no source for these, of whatever address.
    private static bool IsSpecific(MissingEvidence missing) =>
        !missing.What.StartsWith("packets:", StringComparison.Ordinal) && !missing.What.StartsWith("route:", StringComparison.Ordinal);
}
