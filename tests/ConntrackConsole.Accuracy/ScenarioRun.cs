using System.Diagnostics;

namespace ConntrackConsole.Accuracy;

/// <summary>One scenario from its start until its findings no longer change.</summary>
internal static class ScenarioRun
{
    private const double SlackSeconds = 3; // times of objects are in whole seconds
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(0.2);
    private static readonly TimeSpan SettleTime = TimeSpan.FromSeconds(6);

    // A black hole is named when nothing has answered for 10 s, and a look-alike may be named late.
    private static readonly TimeSpan MaxSettleTime = TimeSpan.FromSeconds(25);
    private static readonly TimeSpan RunTimeout = TimeSpan.FromMinutes(4);

    // How long after its start the collectors are killed, and for how long: in the middle of what the scenario does.
    private const double GapAfterSeconds = 7;
    private const int GapSeconds = 5;

    /// <exception cref="TimeoutException">The scenario does not end.</exception>
    public static async Task<ObservedRun> RunAsync(LabProcess lab, IFindingSource source, ScheduledRun run, CancellationToken stop)
    {
        var scenario = run.Scenario;
        int before = lab.Events("scenario-done").Count;
        var known = (await source.ReadAsync(stop)).Findings.GroupBy(finding => finding.Id).ToDictionary(same => same.Key, same => same.Last().Text);
        double began = Now;
        source.Begin();
        lab.Send($"scenario {scenario.Name}");
        var named = new Dictionary<string, (NamedFinding Finding, double At)>();
        var insufficient = new HashSet<(string? Service, string Text)>();
        Stopwatch? settling = null;
        bool gapped = !run.Variant.Gap;
        for (var watch = Stopwatch.StartNew(); settling is null || settling.Elapsed < (IsNamed() ? SettleTime : MaxSettleTime); await Task.Delay(PollInterval, stop))
        {
            Take(await source.ReadAsync(stop));
            if (!gapped && watch.Elapsed.TotalSeconds >= GapAfterSeconds)
            {
                gapped = true;
                lab.Send($"gap {GapSeconds}");
            }

            if (settling is null && lab.Events("scenario-done").Count > before)
                settling = Stopwatch.StartNew();
            if (watch.Elapsed > RunTimeout)
                throw new TimeoutException($"The scenario {scenario.Name} did not end within {RunTimeout.TotalMinutes} minutes.");
        }

        Take(await source.EndAsync(stop));
        string?[] names = [scenario.Name, .. scenario.Parts.Select(part => part.Name)];
        var labels = lab.Labels().Where(label => (double)label["t"]! >= began - SlackSeconds && names.Contains((string?)label["scenario"])).ToList();
        return new ObservedRun(began, Now, labels, RunResult.OfParts(run, source, labels, [.. named.Values], insufficient));

        // In the same lab an earlier scenario did the same to the same Service: one finding with new signs.
        bool GoesOn(NamedFinding finding) => (finding.Until is { } until ? until >= began : known.TryGetValue(finding.Id, out string? before) && before != finding.Text)
            && scenario.Parts.Any(part => part.Code is { } code && (finding.Service ?? part.ServiceKey) == part.ServiceKey && source.IsRight(finding, code, part.Mechanism!));

        bool IsNamed() => scenario.Parts.All(part => part.Code is { } code && named.Values.Any(item => source.IsRight(item.Finding, code, part.Mechanism!)));

        void Take(FindingsSnapshot snapshot)
        {
            double now = Now;
            foreach (var finding in snapshot.Findings.Where(finding => (finding.Since is { } since ? since >= began - SlackSeconds : !known.ContainsKey(finding.Id)) || GoesOn(finding)))
                named.TryAdd(finding.Id, (finding, now));
            insufficient.UnionWith(snapshot.Insufficient.Where(missing => scenario.Parts.Any(part => FindingsSnapshot.IsAbout(missing, part.ServiceKey))));
        }
    }

    private static double Now => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0;
}

/// <summary>What was observed of a run.</summary>
/// <param name="Began">Unix seconds.</param>
/// <param name="Labels">What the workload observed.</param>
/// <param name="Results">One for each part of the scenario.</param>
internal sealed record ObservedRun(double Began, double Ended, IReadOnlyList<System.Text.Json.Nodes.JsonNode> Labels, IReadOnlyList<RunResult> Results);
