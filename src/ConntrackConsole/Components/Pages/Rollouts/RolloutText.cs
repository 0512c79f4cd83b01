using System.Globalization;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Components.State;
using ConntrackConsole.Components.State.Urls;
using ConntrackConsole.Components.Text;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Rollouts;
using ConntrackConsole.ShellText;

namespace ConntrackConsole.Components.Pages.Rollouts;

/// <summary>What one mechanism broke in a rollout.</summary>
/// <param name="Unit">What is counted.</param>
internal sealed record BrokenPart(string Mechanism, string Title, string Unit, int Count);

/// <summary>A rollout's report in words, links and shell lines.</summary>
internal static class RolloutText
{
    // What led to a rollout's first termination, and what its clients did after the last one.
    private const long BeforeMs = 30_000;
    private const long AfterMs = 90_000;

    /// <summary>The verdict with a limit of no broken connection.</summary>
    public static RolloutVerdict? Verdict(RolloutReport? report) => report is null ? null : RolloutVerdicts.Of(report.Measurement, 0);

    /// <summary>A name of <see cref="RolloutsUrl.Verdicts"/>.</summary>
    public static string Id(RolloutVerdict? verdict) => verdict switch
    {
        RolloutVerdict.Over => "over",
        RolloutVerdict.Within => "within",
        RolloutVerdict.Insufficient => "insufficient",
        _ => "unmeasured",
    };

    public static string Name(string verdictId) => verdictId switch
    {
        "over" => "connections broke",
        "within" => "nothing broke",
        "insufficient" => "not proved",
        _ => "not measured",
    };

    public static string? Tag(RolloutVerdict? verdict) => verdict switch
    {
        RolloutVerdict.Over => "warn",
        RolloutVerdict.Within => "ok",
        _ => null,
    };

    /// <summary>Counted findings by mechanism and unit, the largest first.</summary>
    public static IReadOnlyList<BrokenPart> Parts(RolloutMeasurement measurement) =>
    [
        .. measurement.Pods.SelectMany(pod => pod.Findings).Concat(measurement.WithoutPod).Where(finding => finding.Counted > 0)
            .GroupBy(finding => (finding.Mechanism, finding.Unit))
            .Select(same => new BrokenPart(same.Key.Mechanism, same.First().Title, same.Key.Unit, same.Sum(finding => finding.Counted)))
            .OrderByDescending(part => part.Count).ThenBy(part => part.Mechanism, StringComparer.Ordinal),
    ];

    /// <summary>Such as "12 resets".</summary>
    public static string Count(int count, string unit) => unit switch
    {
        "resets" => DisplayText.Count(count, "reset"),
        "hangingFlows" => DisplayText.Count(count, "hanging connection"),
        "attempts" => DisplayText.Count(count, "failed attempt"),
        "udpFlows" => DisplayText.Count(count, "UDP flow"),
        "ipvsConnections" => DisplayText.Count(count, "IPVS connection"),
        "packets" => DisplayText.Count(count, "packet"),
        _ => DisplayText.Count(count, "event"),
    };

    public static string Title(RolloutReport report)
    {
        var measured = report.Measurement;
        string pods = DisplayText.Count(measured.Pods.Count, "terminated pod"), soFar = measured.IsFinal ? "" : " so far";
        return Verdict(report) switch
        {
            RolloutVerdict.Over => $"{DisplayText.Count(measured.Broken, "connection")} broke at {pods}{soFar}.",
            RolloutVerdict.Within => $"No connection broke at {pods}.",
            _ => $"Not proved: no broken connection was seen at {pods}{soFar}, but the evidence is not complete.",
        };
    }

    public static string Comparison(RolloutReport report)
    {
        var (measured, baseline) = (report.Measurement, report.Baseline);
        string omitted = baseline.Omitted == 0 ? "" : $" ({baseline.Omitted} earlier without a complete measurement {(baseline.Omitted == 1 ? "is" : "are")} left out)";
        return (measured.BrokenPerPod, baseline.MedianBrokenPerPod) switch
        {
            (null, _) => "No terminated pod was seen, so there is nothing to compare.",
            ({ } now, null) => $"{Number(now)} per pod; no earlier rollout was measured completely{omitted}.",
            ({ } now, { } median) => $"{Number(now)} per pod; median of {DisplayText.Count(baseline.Rollouts, "earlier rollout")}: {Number(median)} per pod{omitted}.",
        };
    }

    /// <summary>Worse than, as, or better than the median of the earlier ones; empty where that is not known.</summary>
    public static string Trend(RolloutReport report) => (report.Measurement.BrokenPerPod, report.Baseline.MedianBrokenPerPod) switch
    {
        ({ } now, { } median) => $"{(now > median ? "worse" : now < median ? "better" : "as before")}: {Number(now)}, median {Number(median)} per pod",
        ({ } now, null) => $"{Number(now)} per pod, no earlier one",
        _ => "",
    };

    public static string Change(SuggestedChange change)
    {
        string number = change.Seconds is { } seconds ? $" {(change.IsMinimum ? "at least " : "")}{seconds} s" : "";
        return change.Action switch
        {
            "setPreStop" => $"preStop sleep of{(number.Length > 0 ? number : " a time that was not measured")}",
            "setGrace" => $"terminationGracePeriodSeconds of{(number.Length > 0 ? number : " more than now")}",
            var action => Words(action) + number,
        };
    }

    public static string Drain(PodMeasurement pod)
    {
        string grace = pod.GraceSeconds is { } seconds ? $"of {seconds} s grace" : "grace period unknown";
        return pod.DrainSeconds is { } drain ? $"{Number(drain)} s {grace}" : $"not known, {grace}";
    }

    public static string Exit(PodMeasurement pod) => pod switch
    {
        { WasKilled: true } => "killed at the end of the grace period",
        { ExitReason: "OOMKilled" } => "out of memory (OOMKilled)",
        { ExitSignal: { } signal } => $"signal {signal}",
        { ExitCode: 0 } => "exit 0 (clean)",
        { ExitCode: { } code } => $"exit {code}",
        _ => "end not reported",
    };

    /// <summary>The timeline of the rollout's window.</summary>
    /// <param name="uid">Of the pod in the panel.</param>
    public static string Timeline(Rollout rollout, long fromMs, long toMs, string? uid, bool local)
    {
        long begin = fromMs - BeforeMs, end = toMs + AfterMs;
        var state = new LiveState(0, null, null, uid, rollout.Id, rollout.Namespace, null, null, false, local).Between(begin, end);
        return "/" + Query(state.ToQuery());
    }

    public static IEnumerable<string> Commands(Rollout rollout)
    {
        string at = DateTimeOffset.FromUnixTimeMilliseconds(rollout.StartedMs).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        string kind = rollout.Kind.ToString().ToLowerInvariant();
        // kubectl has no command for the rollouts of Argo; its plugin has.
        if (rollout.Kind == WorkloadKind.Rollout)
        {
            return new[]
            {
                ShellWord.Line("conntrack-console", "rollout", "check", "--namespace", rollout.Namespace, "--workload", rollout.Name, "--since", at),
                ShellWord.Line("kubectl", "argo", "rollouts", "-n", rollout.Namespace, "get", "rollout", rollout.Name),
            }.OfType<string>();
        }

        string?[] lines =
        [
            ShellWord.Line("conntrack-console", "rollout", "check", "--namespace", rollout.Namespace, "--workload", rollout.Name, "--since", at),
            ShellWord.Line("kubectl", "-n", rollout.Namespace, "rollout", "history", $"{kind}/{rollout.Name}"),
            ShellWord.Line("kubectl", "-n", rollout.Namespace, "rollout", "status", $"{kind}/{rollout.Name}"),
        ];
        return lines.OfType<string>();
    }

    private static string Query(Dictionary<string, object?> query) =>
        "?" + string.Join('&', query.Where(part => part.Value is string).Select(part => $"{part.Key}={Uri.EscapeDataString((string)part.Value!)}"));

    private static string Words(string name) => string.Concat(name.Select(c => char.IsAsciiLetterUpper(c) ? $" {char.ToLowerInvariant(c)}" : c.ToString()));

    private static string Number(double number) => number.ToString("0.#", CultureInfo.InvariantCulture);
}
