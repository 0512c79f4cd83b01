using System.Diagnostics;
using ConntrackConsole.Workers;

namespace ConntrackConsole.Timeline.Query;

/// <summary>
/// The answers for open pages are made one after the other, and where there are few processors not all the time: what collectors send comes first.
/// With many pages each of them then has fewer views a second, and none takes the intake's threads. Thread-safe.
/// </summary>
internal sealed class AnswerTurns(int processors) : IDisposable
{
    // The first views after a page was opened, or a range chosen, do not wait.
    private static readonly TimeSpan Burst = TimeSpan.FromMilliseconds(200);

    private static readonly TimeSpan MaxPause = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _turn = new(1);
    // Half of a processor of two, a quarter of a single one.
    private readonly WorkBudget? _budget = processors >= 4 ? null : new WorkBudget(processors >= 2 ? 1 : 3, Burst);

    public async Task<T> RunAsync<T>(Func<Task<T>> answer, CancellationToken ct)
    {
        await _turn.WaitAsync(ct);
        long began = Stopwatch.GetTimestamp();
        try
        {
            return await answer();
        }
        finally
        {
            var pause = _budget?.Spend(Stopwatch.GetElapsedTime(began), TimeSpan.FromSeconds(began / (double)Stopwatch.Frequency)) ?? TimeSpan.Zero;
            if (pause > TimeSpan.Zero)
                _ = Task.Delay(pause < MaxPause ? pause : MaxPause, CancellationToken.None).ContinueWith(_ => _turn.Release(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            else
                _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();
}
