using System.Diagnostics;
using ConntrackConsole.Lab.Scenarios;

namespace ConntrackConsole.Accuracy;

/// <summary>One scenario from its start until its findings no longer change.</summary>
internal static class ScenarioRun
{
    private const double SlackSeconds = 3; // times of objects are in whole seconds
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan SettleTime = TimeSpan.FromSeconds(6);

    // A black hole is named when nothing has answered for 10 s, and a look-alike may be named late.
    private static readonly TimeSpan MaxSettleTime = TimeSpan.FromSeconds(25);
    private static readonly TimeSpan RunTimeout = TimeSpan.FromMinutes(4);

    /// <exception cref="TimeoutException">The scenario does not end.</exception>
    public static async Task<RunResult> RunAsync(LabProcess lab, IFindingSource source, Scenario scenario, CancellationToken stop)
    {
        int before = lab.Events("scenario-done").Count;
        var known = (await source.ReadAsync(stop)).Findings.Select(finding => finding.Id).ToHashSet();
        double began = Now;
        source.Begin();
        lab.Send($"scenario {scenario.Name}");
        var named = new Dictionary<string, (NamedFinding Finding, double At)>();
        var insufficient = new HashSet<string>();
        Stopwatch? settling = null;
        for (var watch = Stopwatch.StartNew(); settling is null || settling.Elapsed < (IsNamed() ? SettleTime : MaxSettleTime); await Task.Delay(PollInterval, stop))
        {
            Take(await source.ReadAsync(stop));
            if (settling is null && lab.Events("scenario-done").Count > before)
                settling = Stopwatch.StartNew();
            if (watch.Elapsed > RunTimeout)
                throw new TimeoutException($"The scenario {scenario.Name} did not end within {RunTimeout.TotalMinutes} minutes.");
        }

        Take(await source.EndAsync(stop));
        var labels = lab.Labels().Where(label => (double)label["t"]! >= began - SlackSeconds && (string?)label["scenario"] == scenario.Name).ToList();
        return RunResult.Of(scenario, source, labels, [.. named.Values], [.. insufficient]);

        bool IsNamed() => scenario.Code is { } code && named.Values.Any(item => source.IsRight(item.Finding, code, scenario.Mechanism!));

        void Take(FindingsSnapshot snapshot)
        {
            double now = Now;
            foreach (var finding in snapshot.Findings.Where(finding => finding.Since is { } since ? since >= began - SlackSeconds : !known.Contains(finding.Id)))
                named.TryAdd(finding.Id, (finding, now));
            string service = $"shop/{(scenario is RolloutScenario ? "checkout" : scenario.Name)}";
            insufficient.UnionWith(snapshot.Insufficient.Where(missing => missing.Service == service).Select(missing => missing.Text));
        }
    }

    private static double Now => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0;
}
