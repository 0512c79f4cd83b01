using ConntrackConsole.Findings;
using ConntrackConsole.Findings.Live;
using ConntrackConsole.Findings.Stored;

namespace ConntrackConsole.Components.Controls.Findings;

/// <summary>
/// The findings of what a page shows: live, those of the last minutes; of a fixed range, those of its stored frames, which are read once and
/// not while the page waits.
/// </summary>
internal sealed class WindowFindings(FindingMonitor live, StoredFindings stored, TimeProvider clock)
{
    // Late frames may still arrive.
    private const long TtlMs = 60_000;

    private readonly Lock _lock = new();
    private (long FromMs, long ToMs, long AtMs, Task<FindingReport> Report)? _read;

    /// <summary>Those of the last minutes.</summary>
    public FindingReport Live => live.Current;

    /// <param name="fromMs">Begin of the range.</param>
    /// <param name="toMs">Its end, which may lie in the future: with another one it would be another range.</param>
    /// <param name="done">Called when they have been read, on any thread.</param>
    /// <returns>Null while they are being read, or if they could not be read.</returns>
    public FindingReport? Of(long fromMs, long toMs, Action done, CancellationToken ct)
    {
        long nowMs = clock.GetUtcNow().ToUnixTimeMilliseconds();
        lock (_lock)
        {
            if (_read is not { } read || (read.FromMs, read.ToMs) != (fromMs, toMs) || nowMs - read.AtMs > TtlMs || read.Report.IsFaulted || read.Report.IsCanceled)
            {
                var report = Task.Run(() => stored.ReadAsync(fromMs, toMs, ct), ct);
                _read = read = (fromMs, toMs, nowMs, report);
                _ = report.ContinueWith(_ => done(), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
            }

            return read.Report.IsCompletedSuccessfully ? read.Report.Result : null;
        }
    }
}
