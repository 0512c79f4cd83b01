using System.Text.Json.Nodes;
using ConntrackConsole.Lab.Scenarios;

namespace ConntrackConsole.Accuracy;

/// <summary>What one run of a scenario led to.</summary>
/// <param name="Scenario">The scenario.</param>
/// <param name="Labels">How many labels of its mechanism the lab wrote.</param>
/// <param name="Right">The right name was given.</param>
/// <param name="Wrong">Codes that are not true here.</param>
/// <param name="SecondsToVerdict">From the first reset or unanswered packet to the right name; null without one, or if the source answers only at the end.</param>
/// <param name="Insufficient">What was insufficient.</param>
/// <param name="Findings">All findings, for people.</param>
internal sealed record RunResult(
    Scenario Scenario, int Labels, bool Right, IReadOnlyList<string> Wrong, double? SecondsToVerdict, IReadOnlyList<string> Insufficient, IReadOnlyList<string> Findings)
{
    /// <summary>The scenario did nothing: it counts neither as right nor as missed.</summary>
    public bool IsVoid => Scenario.Code is not null && Labels == 0;

    public static RunResult Of(
        Scenario scenario, IFindingSource source, IReadOnlyList<JsonNode> labels, IReadOnlyList<(NamedFinding Finding, double At)> named, IReadOnlyList<string> insufficient)
    {
        var faults = labels.Where(label => (string?)label["mechanism"] is not null).ToList();
        var right = scenario.Code is { } code ? named.Where(item => source.IsRight(item.Finding, code, scenario.Mechanism!)).ToList() : [];
        var wrong = named.Except(right).Select(item => item.Finding).Where(finding => !scenario.AlsoTrue.Contains(finding.Code)).Select(finding => finding.Code).Distinct().Order();
        double? first = faults.Count == 0 ? null : faults.Min(label => (double?)label["since"] ?? (double)label["t"]!);
        return new RunResult(
            scenario, faults.Count, right.Count > 0, [.. wrong], right.Count > 0 && source.AnswersLive && first is { } from ? right.Min(item => item.At) - from : null, insufficient,
            [.. named.Select(item => $"{item.Finding.Code} {item.Finding.Service} {item.Finding.Backend}: {item.Finding.Text}")]);
    }
}
