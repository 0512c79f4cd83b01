using System.Globalization;
using ConntrackConsole.Audit;
using ConntrackConsole.Findings;
using ConntrackConsole.Incidents.Records;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Incidents.Report;

/// <summary>Writes what happened in the window of an incident, in the order in which it happened. Pure.</summary>
internal static class ReportEvents
{
    private const int MaxText = 1_000;
    private const int MaxPods = 200;

    // What brings an action to the nodes; what was only requested, previewed or refused did nothing.
    private static readonly string[] Executed = ["approved", "break-glass", "completed", "resolved", "interrupted", "on-node", "reported"];
    private static readonly string[] Reverted = ["reverted", "not-reverted"];

    public static IncidentReport Of(Incident incident, ReportFacts facts, long nowMs)
    {
        ArgumentNullException.ThrowIfNull(incident);
        ArgumentNullException.ThrowIfNull(facts);
        var (fromMs, toMs) = (incident.FromMs, incident.EndMs(nowMs));
        var findings = facts.Findings.Findings.Where(finding => Concerns(incident, finding)).ToList();
        var pods = facts.Terminations.Where(ended => Within(ended.DeletionRequestedMs)).OrderBy(ended => ended.DeletionRequestedMs).ThenBy(ended => ended.Uid, StringComparer.Ordinal).ToList();
        var actions = Actions(facts.Audit).Where(happened => Within(happened.AtMs)).ToList();
        IEnumerable<ReportEvent> events =
        [
            .. findings.SelectMany(finding => Finding(finding, fromMs, toMs)),
            .. facts.Rollouts.Where(rollout => Within(rollout.StartedMs)).Select(Rollout),
            .. pods.Take(MaxPods).Select(Termination),
            .. actions,
            .. Written(incident),
        ];
        var missing = new List<string>(facts.Findings.Insufficient.Where(one => one.Subject is not { } subject || Concerns(incident, subject.Service?.Namespace, subject.Service?.Name))
            .Select(one => $"Not known: {one.Missing}{(one.Mechanisms.Length > 0 ? $" (possible: {one.Mechanisms})" : "")}.").Distinct());
        if (pods.Count > MaxPods)
            missing.Add(string.Create(CultureInfo.InvariantCulture, $"{pods.Count - MaxPods} of {pods.Count} terminated pods are left out."));
        if (facts.IsTruncated)
            missing.Add("The window has more terminations or audit rows than a report reads: the oldest are left out.");
        return new IncidentReport(
            incident, fromMs, toMs, facts.Findings with { Findings = findings }, [.. events.OrderBy(happened => happened.AtMs).ThenBy(happened => happened.Kind)])
        {
            Participants = [.. incident.Participants.Concat(actions.Select(action => action.Who).OfType<string>()).Distinct(StringComparer.OrdinalIgnoreCase).Order(StringComparer.OrdinalIgnoreCase)],
            OtherFindings = facts.Findings.Findings.Count - findings.Count, Missing = missing, Names = ReportNames.Of(incident, facts),
        };

        bool Within(long atMs) => atMs >= fromMs && atMs <= toMs;
    }

    private static bool Concerns(Incident incident, ObservedFinding finding) => Concerns(incident, finding.Subject.Service?.Namespace, finding.Subject.Service?.Name);

    // A finding without a Service, such as that of a node, concerns all of them.
    private static bool Concerns(Incident incident, string? ns, string? service) =>
        ns is null || ((incident.Namespace is null || incident.Namespace == ns) && (incident.Service is null || incident.Service == service));

    private static IEnumerable<ReportEvent> Finding(ObservedFinding observed, long fromMs, long toMs)
    {
        var mechanism = observed.Finding.Mechanism;
        string name = mechanism.Kind.Length == 0 ? mechanism.Id : $"{mechanism.Id}, {mechanism.Kind}";
        string explains = observed.Finding.Explains.Text;
        long sinceMs = observed.SinceMs ?? fromMs;
        yield return new ReportEvent(
            Math.Clamp(sinceMs, fromMs, toMs), ReportEventKind.Finding, $"{name}: {observed.Subject}",
            TextSummary.Truncate($"{Sentence(mechanism.Title)}.{(explains.Length > 0 ? $" {Sentence(explains)}." : "")}{(observed.Pods.Count > 0 ? $" Pods: {TextSummary.List(observed.Pods, 5)}." : "")}", MaxText))
        {
            Reference = observed.Id, IsEarlier = sinceMs < fromMs,
        };
        if (observed.UntilMs is { } untilMs && untilMs > sinceMs && untilMs <= toMs)
            yield return new ReportEvent(untilMs, ReportEventKind.FindingEnded, $"{name}: {observed.Subject}, last seen", "") { Reference = observed.Id };
    }

    private static ReportEvent Rollout(Rollout rollout) => new(
        rollout.StartedMs, ReportEventKind.Rollout, $"{(rollout.IsRollback ? "Rollback" : "Rollout")} of {rollout.Kind} {rollout.Workload}",
        string.Create(CultureInfo.InvariantCulture, $"Revision {rollout.Revision}{(rollout.FromRevision is { } former ? $", from {former}" : "")}: {(rollout.FinishedMs is { } at ? $"finished after {(at - rollout.StartedMs) / 1000} s" : rollout.IsOpen ? "not finished" : "replaced or deleted before it finished")}."))
    {
        Reference = rollout.Id,
    };

    private static ReportEvent Termination(Termination ended)
    {
        string exit = ended.ContainerFinishedMs is { } finished
            ? string.Create(CultureInfo.InvariantCulture, $" Its containers ended {Math.Max(0, finished - ended.DeletionRequestedMs) / 1000.0:0.#} s later{(ended.ExitCode is { } code ? $", exit code {code}" : "")}.")
            : "";
        return new ReportEvent(
            ended.DeletionRequestedMs, ReportEventKind.Termination, $"{ended.Namespace}/{ended.Pod} terminates",
            TextSummary.Truncate($"{(ended.PodIp.IsNone ? "" : $"{ended.PodIp} ")}on {ended.Node}{(ended.Service is { } service ? $", backend of {service}" : "")}.{(ended.Evidence is { Length: > 0 } evidence ? $" {Sentence(evidence).TrimEnd('.')}." : "")}{exit}", MaxText))
        {
            Reference = ended.Uid,
        };
    }

    // One event for each action, at the time of its first row, and one for each revert.
    private static IEnumerable<ReportEvent> Actions(IReadOnlyList<AuditEntry> audit)
    {
        foreach (var action in audit.OrderBy(row => row.Id).GroupBy(row => row.ActionId))
        {
            var rows = action.Where(row => Executed.Contains(Step(row), StringComparer.Ordinal)).ToList();
            if (rows.Count > 0)
            {
                var (first, last) = (rows[0], rows[^1]);
                string verb = first.What.StartsWith("flush", StringComparison.Ordinal) ? "Flush of" : "Setting";
                yield return Event(first, $"{verb} {first.Target ?? "?"}", $"{Sentence(last.Result).TrimEnd('.')}.{(last.After is { } after && last.What.StartsWith("setting", StringComparison.Ordinal) ? $" Now: {after}." : "")} Why: {first.Why}.");
            }

            foreach (var row in action.Where(row => Reverted.Contains(Step(row), StringComparer.Ordinal)))
                yield return Event(row, Step(row) == "reverted" ? $"Setting {row.Target} reverted" : $"Setting {row.Target} not reverted", $"{Sentence(row.Result).TrimEnd('.')}.");
        }
    }

    private static ReportEvent Event(AuditEntry row, string title, string text) => new(
        row.At.ToUnixTimeMilliseconds(), ReportEventKind.Action, $"{title}{(row.Where is { Length: > 0 } nodes ? $" on {TextSummary.Truncate(nodes, 100)}" : "")}", TextSummary.Truncate(text, MaxText))
    {
        Who = row.Who, Reference = row.ActionId,
    };

    private static string Step(AuditEntry row) => row.What[(row.What.IndexOf('.', StringComparison.Ordinal) + 1)..];

    private static IEnumerable<ReportEvent> Written(Incident incident)
    {
        string how = incident.Via switch { OpenedVia.Finding => "from a finding", OpenedVia.Alertmanager => "by Alertmanager", _ => "by hand" };
        // A window that is read from an incident file was not opened by anyone.
        if (incident.OpenedBy.Length > 0)
            yield return new ReportEvent(incident.OpenedMs, ReportEventKind.Opened, $"Incident opened {how}", "") { Who = incident.OpenedBy };
        foreach (var pinned in incident.Events)
            yield return new ReportEvent(pinned.AtMs, ReportEventKind.Pinned, pinned.Text, "") { Who = pinned.PinnedBy, Reference = pinned.Reference };
        foreach (var note in incident.Notes)
        {
            string edited = note.Versions.Count > 1 ? $", edited by {note.Latest.Author}" : "";
            yield return new ReportEvent(note.First.AtMs, ReportEventKind.Note, $"Note {note.Number}{edited}", note.Latest.Text) { Who = note.First.Author, Reference = note.Number.ToString(CultureInfo.InvariantCulture) };
        }

        if (incident.ClosedMs is { } closedMs)
            yield return new ReportEvent(closedMs, ReportEventKind.Closed, "Incident closed", "") { Who = incident.ClosedBy };
    }

    private static string Sentence(string text) => text.Length == 0 ? "" : char.ToUpperInvariant(text[0]) + text[1..];
}
