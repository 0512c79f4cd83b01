namespace ConntrackConsole.Accuracy;

/// <summary>Works through a schedule with some labs at a time, each of one variant after the other.</summary>
internal sealed class LabRunner(Schedule schedule, bool asksExplain, IncidentRecorder? recorder, Action<RunResult> ended)
{
    private readonly Lock _lock = new();
    private readonly List<RunResult> _results = [];
    private readonly List<string> _failures = [];

    public IReadOnlyList<RunResult> Results => _results;

    /// <summary>Runs and labs that failed, as sentences.</summary>
    public IReadOnlyList<string> Failures => _failures;

    public Task RunAsync(int labs, CancellationToken stop) => Task.WhenAll(Enumerable.Range(0, labs).Select(_ => Task.Run(() => WorkAsync(stop), stop)));

    private async Task WorkAsync(CancellationToken stop)
    {
        while (schedule.Take(null) is { } first)
        {
            var next = first;
            try
            {
                await using var lab = await LabProcess.StartAsync(withConsole: !asksExplain, first.Variant, stop);
                using var console = asksExplain ? null : await ConsoleSource.SignInAsync(lab, stop);
                using var source = asksExplain ? new ExplainSource(lab) : (IFindingSource)console!;
                // A recorded run has a lab of its own: what another one left would be in its window.
                for (; next is not null; next = recorder is null ? schedule.Take(first.Variant) : null)
                    await OneAsync(lab, source, console, next, stop);
            }
            catch (Exception e) when (e is InvalidOperationException or HttpRequestException or TimeoutException or IOException)
            {
                // The others go on: a night of runs must not end with one of them.
                lock (_lock)
                    _failures.Add($"{next!.Name}: {e.Message}");
            }
        }
    }

    private async Task OneAsync(LabProcess lab, IFindingSource source, ConsoleSource? console, ScheduledRun run, CancellationToken stop)
    {
        var observed = await ScenarioRun.RunAsync(lab, source, run, stop);
        if (recorder is not null && console is not null)
            await recorder.WriteAsync(console, run, observed, stop);
        lock (_lock)
        {
            foreach (var result in observed.Results)
            {
                _results.Add(result);
                ended(result);
            }
        }
    }
}
