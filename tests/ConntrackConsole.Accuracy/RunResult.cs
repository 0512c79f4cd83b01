using System.Text.Json.Nodes;
using ConntrackConsole.Lab.Incidents;
using ConntrackConsole.Lab.Scenarios;

namespace ConntrackConsole.Accuracy;

/// <summary>What one run of a scenario led to.</summary>
/// <param name="Scenario">The scenario.</param>
/// <param name="Labels">How many labels of its mechanism the lab wrote.</param>
/// <param name="Right">The right name was given.</param>
/// <param name="Wrong">Codes that are not true here.</param>
/// <param name="SecondsToVerdict">From the first reset, unanswered retransmission or unanswered datagram to the right name; null without one, or if the source answers only at the end.</param>
/// <param name="Insufficient">What was insufficient.</param>
/// <param name="Findings">All findings, for people.</param>
internal sealed record RunResult(
    Scenario Scenario, int Labels, bool Right, IReadOnlyList<string> Wrong, double? SecondsToVerdict, IReadOnlyList<string> Insufficient, IReadOnlyList<string> Findings)
{
    // TCP_RTO_MIN and TCP_TIMEOUT_INIT.
    private const double RetransmissionSeconds = 0.2, SynRetransmissionSeconds = 1;

    /// <summary>The scenario did nothing: it counts neither as right nor as missed.</summary>
    public bool IsVoid => Scenario.Code is not null && Labels == 0;

    /// <summary>The run of which it is a part, for people; null without one.</summary>
    public string? Run { get; init; }

    /// <summary>One for each part of a scenario. What is true of the other parts at the same Service is not wrong.</summary>
    public static IReadOnlyList<RunResult> OfParts(
        ScheduledRun run, IFindingSource source, IReadOnlyList<JsonNode> labels, IReadOnlyList<(NamedFinding Finding, double At)> named, IReadOnlyCollection<(string? Service, string Text)> insufficient)
    {
        var parts = run.Scenario.Parts;
        return
        [
            .. parts.Select((part, i) =>
            {
                // What is said of no Service of the scenario counts once.
                var own = parts.Count == 1 ? named : [.. named.Where(item => item.Finding.Service == part.ServiceKey || (i == 0 && !parts.Any(other => other.ServiceKey == item.Finding.Service)))];
                // A rolling update of several faults writes its labels under its own name.
                var observed = labels.Where(label => parts.Count == 1 || (string?)label["scenario"] == part.Name || ((string?)label["scenario"] == run.Scenario.Name && (string?)label["mechanism"] == part.Mechanism));
                var others = parts.Where(other => other != part && (other.ServiceKey == part.ServiceKey || i == 0)).SelectMany(other => other.AlsoTrue.Append(other.Code ?? ""));
                return Of(part, source, [.. observed], own, [.. insufficient.Where(missing => FindingsSnapshot.IsAbout(missing, part.ServiceKey)).Select(missing => missing.Text)], others) with { Run = run.Name };
            }),
        ];
    }

    // A request or SYN without an answer is nothing yet: its first retransmission is the first sign, after the kernel's shortest timeout.
    private static double FirstSign(JsonNode label) => (double?)label["since"] is not { } since ? (double)label["t"]!
        : since + ((string?)label["kind"] switch { LabelKinds.Hang => RetransmissionSeconds, LabelKinds.ConnectTimeout or LabelKinds.LateConnect => SynRetransmissionSeconds, _ => 0 });

    /// <param name="others">Codes that are true besides those of the scenario.</param>
    public static RunResult Of(
        Scenario scenario, IFindingSource source, IReadOnlyList<JsonNode> labels, IReadOnlyList<(NamedFinding Finding, double At)> named, IReadOnlyList<string> insufficient,
        IEnumerable<string>? others = null)
    {
        var allowed = scenario.AlsoTrue.Concat(others ?? []).ToHashSet();
        var faults = labels.Where(label => (string?)label["mechanism"] is not null).ToList();
        var right = scenario.Code is { } code ? named.Where(item => source.IsRight(item.Finding, code, scenario.Mechanism!)).ToList() : [];
        var wrong = named.Except(right).Select(item => item.Finding).Where(finding => !allowed.Contains(finding.Code)).Select(finding => finding.Code).Distinct().Order();
        double? first = faults.Count == 0 ? null : faults.Min(FirstSign);
        return new RunResult(
            scenario, faults.Count, right.Count > 0, [.. wrong], right.Count > 0 && source.AnswersLive && first is { } from ? right.Min(item => item.At) - from : null, insufficient,
            [.. named.Select(item => $"{item.Finding.Code} {item.Finding.Service} {item.Finding.Backend}: {item.Finding.Text}")]);
    }
}
