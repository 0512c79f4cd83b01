using System.Globalization;
using System.Text;
using ConntrackConsole.Api.Rollouts;

namespace ConntrackConsole.Cli.Rollouts;

/// <summary>A report as text.</summary>
internal static class RolloutReportText
{
    public static string Of(RolloutReportView report)
    {
        ArgumentNullException.ThrowIfNull(report);
        var (rollout, text) = (report.Rollout, new StringBuilder());
        Line(text, $"{report.Verdict.ToUpperInvariant()}: {report.Broken} broken connections at {report.Pods.Count} terminated pods, limit {report.MaxResets} [{report.Code}]");
        Line(text, $"{rollout.Kind} {rollout.Namespace}/{rollout.Workload}, revision {rollout.Revision}: {rollout.State}, {rollout.Started} to {rollout.Ended ?? "now"} ({rollout.Id})");
        if (report.BrokenPerPod is { } perPod)
            Line(text, $"Per pod: {perPod:0.##}");
        if (report.Baseline is { MedianBrokenPerPod: { } median } baseline)
            Line(text, $"Median of {baseline.Rollouts} earlier rollouts: {median:0.##} per pod");
        else
            Line(text, $"No earlier rollout was measured completely.");
        foreach (var pod in report.Pods)
        {
            string drain = pod.DrainSeconds is { } seconds ? $"drained in {seconds:0.#} s" : "drain unknown";
            string exit = pod.ExitCode is { } code ? $"exit code {code}" : "exit code unknown";
            Line(text, $"  {pod.Pod} ({pod.PodIp}): {drain} of {(pod.GraceSeconds is { } grace ? $"{grace} s grace" : "an unknown grace period")}, {exit}{(pod.WasKilled == true ? ", killed at the end of it" : "")}");
            Findings(text, pod.Findings);
        }

        Findings(text, report.WithoutPod);
        foreach (var change in report.Changes)
            Line(text, $"Change: {change.Action}{(change.Seconds is { } number ? $" {(change.IsMinimum ? "at least " : "")}{number} s" : "")}: {change.Basis}");
        foreach (var unknown in report.Unknown)
            Line(text, $"Unknown: {unknown.Text} [{unknown.Code}]");
        return text.ToString();
    }

    private static void Findings(StringBuilder text, IEnumerable<RolloutFindingView> findings)
    {
        foreach (var finding in findings)
            Line(text, $"    {finding.Mechanism} {finding.Text}: {finding.Title} [{finding.Code}]{(finding.IsEarlier ? " (began before the deletion request)" : "")}");
    }

    // Texts of workloads and of the answer must not control the terminal.
    private static void Line(StringBuilder text, FormattableString line)
    {
        foreach (char c in line.ToString(CultureInfo.InvariantCulture))
            text.Append(char.IsControl(c) ? '?' : c);
        text.Append('\n');
    }
}
