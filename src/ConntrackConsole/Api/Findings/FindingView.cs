using System.Text.Json;
using ConntrackConsole.Api.Query;
using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Findings;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Api.Findings;

/// <summary>What is found in a window.</summary>
/// <param name="Findings">Newest first.</param>
/// <param name="Insufficient">Why something that points to a mechanism is no finding; without findings, the difference between calm and unknown.</param>
/// <param name="Warnings">Conditions of nodes that were measured; they name no cause.</param>
/// <param name="Continue">Pass it as ?continue= for the next page; null on the last page.</param>
internal sealed record FindingsPage(
    IReadOnlyList<FindingView> Findings, IReadOnlyList<InsufficientView> Insufficient, IReadOnlyList<FindingView> Warnings, string? From, string? To, string? Continue);

/// <summary>A mechanism with its evidence.</summary>
/// <param name="Id">Stable: mechanism, subject and since when.</param>
/// <param name="Mechanism">Such as M1; "warning" for a condition of a node.</param>
/// <param name="Code">Stable code of the mechanism.</param>
/// <param name="Kind">Which of several kinds of it; null if there is only one.</param>
/// <param name="Address">The Service's address, as protocol, address and port.</param>
/// <param name="Backend">The pod's address; null if only the Service is meant.</param>
/// <param name="Until">The last event, or when the condition ended; null while it lasts.</param>
/// <param name="Clients">Clients of resets; of connections that hang only the number is known.</param>
internal sealed record FindingView(
    string Id, string Mechanism, string Code, string? Kind, string Title, string? Namespace, string? Service, string? Address, string? Backend,
    IReadOnlyList<string> Pods, IReadOnlyList<string> Nodes, string? Since, string? Until, ExplainsView Explains, string Confidence,
    IReadOnlyList<EvidenceView> Evidence, string RefutedBy, IReadOnlyList<GapView> Gaps, string Helps,
    IReadOnlyList<RemedyView> Remedies, IReadOnlyList<HarmfulView> Harmful, IReadOnlyList<ClientView> Clients)
{
    public static FindingView Of(ObservedFinding observed)
    {
        ArgumentNullException.ThrowIfNull(observed);
        var (finding, subject) = (observed.Finding, observed.Subject);
        var mechanism = finding.Mechanism;
        string? backend = subject.Backend.IsNone ? null : subject.Backend.ToString();
        return new FindingView(
            observed.Id, mechanism.Id, mechanism.Code, mechanism.Kind.Length == 0 ? null : mechanism.Kind, mechanism.Title, subject.Service?.Namespace, subject.Service?.Name,
            subject.Address?.ToString(), backend, observed.Pods, observed.Nodes, ApiTime.Text(observed.SinceMs), ApiTime.Text(observed.UntilMs),
            new ExplainsView(Name(finding.Explains.Unit), finding.Explains.Count, finding.Explains.Whole, finding.Explains.Text), Name(finding.Confidence),
            [.. finding.Evidence.Select(item => new EvidenceView(Name(item.Class), item.Sentence, ApiTime.Text(item.AtMs)))], finding.RefutedBy,
            [.. finding.Gaps.Select(gap => new GapView(gap.Kind.Code(), ApiTime.Text(gap.FromMs), ApiTime.Text(gap.ToMs)))], finding.Helps,
            [.. finding.Remedies.Select(remedy => RemedyView.Of(remedy, subject))],
            [.. finding.Harmful.Select(harmful => new HarmfulView(Name(harmful.Action), harmful.Setting, harmful.Why))],
            [.. observed.Clients.Select(client => new ClientView(client.Address.ToString(), client.Pod, client.Owner))]);
    }

    internal static string Name<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());
}

/// <summary>What a finding explains. Counts of different units are not comparable.</summary>
/// <param name="Whole">All of that unit in the evidence.</param>
internal sealed record ExplainsView(string Unit, int Count, int Whole, string Text);

/// <param name="Class">packetDirection, entryTransition, lifecycle, counters or configuration.</param>
internal sealed record EvidenceView(string Class, string Text, string? At);

internal sealed record GapView(string Code, string From, string To);

/// <summary>What helps.</summary>
/// <param name="Value">The value to set; null = higher than now.</param>
/// <param name="Seconds">Length of a sleep, a period or an interval; null = unknown.</param>
/// <param name="PodIp">For a flush: the address, as POST /actions takes it.</param>
/// <param name="Scope">For a flush of one Service's entries: its scope.</param>
internal sealed record RemedyView(string Action, string? Setting, string? Value, int? Seconds, string? PodIp, FlushScope? Scope)
{
    public static RemedyView Of(Remedy remedy, FindingSubject subject)
    {
        bool isFlush = remedy.Action is RemedyAction.FlushPodIp or RemedyAction.FlushService;
        return new RemedyView(
            FindingView.Name(remedy.Action), remedy.Setting, remedy.Value, remedy.Seconds, isFlush && !subject.Backend.IsNone ? subject.Backend.ToString() : null,
            remedy.Action == RemedyAction.FlushService && subject.Address is { } address ? new FlushScope(Protocols.Name(address.Proto), address.Ip.ToString(), address.Port) : null);
    }
}

/// <summary>What makes it worse, or is tried in vain.</summary>
internal sealed record HarmfulView(string Action, string? Setting, string Why);

/// <param name="Pod">namespace/name; null if the address is not a pod's.</param>
/// <param name="Owner">Its workload; null if it is not known.</param>
internal sealed record ClientView(string Address, string? Pod, string? Owner);

/// <param name="Mechanisms">Those that are possible; empty if a whole source is missing.</param>
internal sealed record InsufficientView(string Mechanisms, string Missing, string? Namespace, string? Service, string? Backend)
{
    public static InsufficientView Of(InsufficientEvidence missing)
    {
        ArgumentNullException.ThrowIfNull(missing);
        return new InsufficientView(
            missing.Mechanisms, missing.Missing, missing.Subject?.Service?.Namespace, missing.Subject?.Service?.Name,
            missing.Subject is { Backend.IsNone: false } subject ? subject.Backend.ToString() : null);
    }
}
