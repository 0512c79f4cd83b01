using System.Text.Json;
using ConntrackConsole.Api.Query;
using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Findings;
using ConntrackConsole.Findings.Explanation;
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
/// <param name="Classes">The independent kinds of evidence that agree.</param>
/// <param name="Workloads">The workloads of the pods, as Kind/name.</param>
/// <param name="Explanation">What happens to the packets, in plain sentences.</param>
/// <param name="Path">The path of one of its flows, from the client to the backend.</param>
/// <param name="Commands">Shell lines that show the same by hand, and change nothing.</param>
/// <param name="Link">Its page in the console; it opens the previews of the remedies.</param>
internal sealed record FindingView(
    string Id, string Mechanism, string Code, string? Kind, string Title, string? Namespace, string? Service, string? Address, string? Backend,
    IReadOnlyList<string> Pods, IReadOnlyList<string> Nodes, string? Since, string? Until, ExplainsView Explains, string Confidence,
    IReadOnlyList<EvidenceView> Evidence, string RefutedBy, IReadOnlyList<GapView> Gaps, string Helps,
    IReadOnlyList<RemedyView> Remedies, IReadOnlyList<HarmfulView> Harmful, IReadOnlyList<ClientView> Clients, IReadOnlyList<string> Classes,
    IReadOnlyList<string> Workloads, string Explanation, IReadOnlyList<HopView> Path, IReadOnlyList<CommandView> Commands, string Link)
{
    /// <param name="window">The window of stored frames that was read; null for the last minutes.</param>
    public static FindingView Of(ObservedFinding observed, (long FromMs, long ToMs)? window = null)
    {
        ArgumentNullException.ThrowIfNull(observed);
        var (finding, subject) = (observed.Finding, observed.Subject);
        var mechanism = finding.Mechanism;
        string? backend = subject.Backend.IsNone ? null : subject.Backend.ToString();
        return new FindingView(
            observed.Id, mechanism.Id, mechanism.Code, mechanism.Kind.Length == 0 ? null : mechanism.Kind, mechanism.Title, subject.Service?.Namespace, subject.Service?.Name,
            subject.Address?.ToString(), backend, observed.Pods, observed.Nodes, ApiTime.Text(observed.SinceMs), ApiTime.Text(observed.UntilMs),
            ExplainsView.Of(finding.Explains), Name(finding.Confidence),
            [.. finding.Evidence.Select(item => new EvidenceView(Name(item.Class), item.Sentence, ApiTime.Text(item.AtMs), FindingLink.Timeline(observed, item)))], finding.RefutedBy,
            [.. finding.Gaps.Select(gap => new GapView(gap.Kind.Code(), ApiTime.Text(gap.FromMs), ApiTime.Text(gap.ToMs), FindingLink.Timeline(observed, gap.FromMs, gap.ToMs)))], finding.Helps,
            [.. finding.Remedies.Select(remedy => RemedyView.Of(remedy, observed))],
            [.. finding.Harmful.Select(harmful => new HarmfulView(Name(harmful.Action), harmful.Setting, harmful.Why))],
            [.. observed.Clients.Select(client => new ClientView(client.Address.ToString(), client.Pod, client.Owner))],
            [.. finding.Evidence.Select(item => Name(item.Class)).Distinct()], observed.Flow.Workloads, PathText.Of(observed), [.. PathBuilder.Of(observed).Hops.Select(HopView.Of)],
            [.. ShellLines.Of(observed).Select(CommandView.Of)], FindingLink.Page(observed.Id, window));
    }

    internal static string Name<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());
}

/// <summary>What a finding explains. Counts of different units are not comparable.</summary>
/// <param name="Whole">All of that unit in the evidence.</param>
/// <param name="Share">Part of the whole, 0 to 1; null if there is nothing to count.</param>
internal sealed record ExplainsView(string Unit, int Count, int Whole, string Text, double? Share)
{
    public static ExplainsView Of(Diagnosis.Findings.ExplainedShare explains) =>
        new(FindingView.Name(explains.Unit), explains.Count, explains.Whole, explains.Text, explains.Share is { } share ? Math.Round(share, 4) : null);
}

/// <param name="Class">packetDirection, entryTransition, lifecycle, counters or configuration.</param>
/// <param name="Link">The timeline at that time; null if no time is known.</param>
internal sealed record EvidenceView(string Class, string Text, string? At, string? Link);

internal sealed record GapView(string Code, string From, string To, string Link);

/// <summary>A place that packets of the flow pass.</summary>
/// <param name="Kind">clientPod, clientNode, service, translation, backendNode or backendPod.</param>
/// <param name="Name">Null = unknown.</param>
/// <param name="Request">What becomes of the client's packets here: passes, fails, notReached or unknown.</param>
/// <param name="Answer">The same of packets to the client.</param>
/// <param name="Sends">What this place itself sends, such as a reset.</param>
internal sealed record HopView(string Kind, string? Name, string? Address, string Request, string Answer, string? Note, string? Sends)
{
    public static HopView Of(PathHop hop)
    {
        ArgumentNullException.ThrowIfNull(hop);
        return new HopView(FindingView.Name(hop.Kind), hop.Name, hop.Address, FindingView.Name(hop.Request), FindingView.Name(hop.Answer), hop.Note, hop.Sends);
    }
}

/// <summary>A shell line that changes nothing.</summary>
/// <param name="Place">node: in the network of a node, as root; cluster: where kubectl works.</param>
/// <param name="Shows">What one sees if the finding is right.</param>
internal sealed record CommandView(string Command, string Place, string? Node, string Shows)
{
    public static CommandView Of(ShellLine line)
    {
        ArgumentNullException.ThrowIfNull(line);
        return new CommandView(line.Text, FindingView.Name(line.Place), line.Node, line.Shows);
    }
}

/// <summary>A change of a manifest.</summary>
/// <param name="Value">Null = not measured.</param>
internal sealed record ManifestView(string Object, string Field, string? Value, string? Yaml, string Why);

/// <summary>What helps.</summary>
/// <param name="Value">The value to set; null = higher than now.</param>
/// <param name="Seconds">Length of a sleep, a period or an interval; null = unknown.</param>
/// <param name="PodIp">For a flush: the address, as POST /actions takes it.</param>
/// <param name="Scope">For a flush of one Service's entries: its scope.</param>
/// <param name="Nodes">For a setting: the nodes of the finding.</param>
/// <param name="Manifest">The change of a manifest that it means, or that makes it last.</param>
internal sealed record RemedyView(string Action, string? Setting, string? Value, int? Seconds, string? PodIp, FlushScope? Scope, IReadOnlyList<string>? Nodes, ManifestView? Manifest)
{
    public static RemedyView Of(Remedy remedy, ObservedFinding observed)
    {
        ArgumentNullException.ThrowIfNull(observed);
        var flush = FlushTarget.Of(remedy, observed.Subject);
        return new RemedyView(
            FindingView.Name(remedy.Action), remedy.Setting, remedy.Value, remedy.Seconds, flush?.PodIp, flush?.Scope, remedy.Action == RemedyAction.SetSetting ? observed.Nodes : null,
            ManifestChange.Of(observed, remedy) is { } change ? new ManifestView(change.Object, change.Field, change.Value, change.Yaml, change.Why) : null);
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
