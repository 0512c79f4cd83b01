using System.Globalization;

namespace ConntrackConsole.Accuracy;

/// <summary>The results as text.</summary>
internal static class ReportWriter
{
    private const string Prefix = "mechanism.";

    /// <summary>One line for a run, when it ends.</summary>
    public static void WriteLine(TextWriter output, RunResult result, bool details)
    {
        string verdict = result switch
        {
            { Wrong.Count: > 0 } => $"WRONG: {string.Join(", ", result.Wrong.Select(Short))}{(result.Right ? $", beside {Short(result.Scenario.Code!)}" : "")}",
            { IsVoid: true } => "void: the lab wrote no label",
            { Right: true } => $"{Short(result.Scenario.Code!)}{(result.SecondsToVerdict is { } seconds ? $" after {Number(seconds)} s" : "")}",
            { Scenario.Code: null } => "no finding",
            { Insufficient.Count: > 0 } => $"missed ({Short(result.Scenario.Code!)}): insufficient evidence",
            _ => $"missed ({Short(result.Scenario.Code!)})",
        };
        string name = result.Run is null || result.Run == result.Scenario.Name ? result.Scenario.Name : result.Run.StartsWith(result.Scenario.Name, StringComparison.Ordinal) ? result.Run : $"{result.Run}: {result.Scenario.Name}";
        output.WriteLine($"{name,-30} {result.Labels,4} labels  {verdict}");
        if (!details)
            return;
        foreach (string line in result.Findings.Concat(result.Insufficient.Select(missing => "insufficient: " + missing)))
            output.WriteLine($"{"",-30}   {line}");
    }

    public static void Write(TextWriter output, IReadOnlyList<RunResult> results, Score score)
    {
        output.WriteLine();
        output.WriteLine("Confusion matrix: the truth, what was named, how often");
        foreach (var ((truth, named), count) in score.Matrix.OrderBy(cell => cell.Key.True, StringComparer.Ordinal).ThenBy(cell => cell.Key.Named, StringComparer.Ordinal))
            output.WriteLine($"  {Short(truth),-22} {Short(named),-22} {count,4}{(truth == named ? "" : named == Score.None ? "  missed" : "  WRONG")}");
        output.WriteLine();
        output.WriteLine($"runs       {results.Count}{(results.Count(result => result.IsVoid) is > 0 and var empty ? $", {empty} void" : "")}");
        output.WriteLine($"precision  {Ratio(score.Precision)}  ({score.Right} right, {score.Wrong} wrong)");
        output.WriteLine($"recall     {Ratio(score.Recall)}  ({score.Right} named, {score.Missed} missed)");
        output.WriteLine($"calm       {score.Calm} of {results.Count(result => result.Scenario.Code is null)} look-alikes without a finding");
        output.WriteLine($"verdict    p50 {Number(score.Percentile(0.5))} s, p95 {Number(score.Percentile(0.95))} s after the first reset, unanswered retransmission or unanswered datagram");
    }

    private static string Short(string code) => code.StartsWith(Prefix, StringComparison.Ordinal) ? code[Prefix.Length..] : code;

    private static string Ratio(double? value) => value?.ToString("0.000", CultureInfo.InvariantCulture) ?? "unknown";

    private static string Number(double? value) => value?.ToString("0.0", CultureInfo.InvariantCulture) ?? "unknown";
}
