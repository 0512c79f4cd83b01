namespace ConntrackConsole.Workers;

/// <summary>
/// Repeats a round of work in the background. A slow round is followed by a longer pause, so that the work never takes more than a share of
/// a core. A failing round does not stop the console: it is tried again after the pause, and logged once until a round succeeds.
/// </summary>
/// <param name="interval">The pause after a round that is fast.</param>
/// <param name="rest">How many times its own duration the pause after a slow round lasts: 19 = a twentieth of a core.</param>
internal abstract class RoundWorker(TimeSpan interval, int rest, TimeProvider time) : BackgroundService
{
    protected TimeProvider Time { get; } = time;

    /// <summary>One round.</summary>
    protected abstract Task RunRoundAsync(CancellationToken ct);

    /// <summary>Something waits for the next round; otherwise it comes an interval later.</summary>
    protected virtual bool HasWork => true;

    /// <summary>Logs the first failure after a success.</summary>
    protected abstract void LogFailed(Exception failure);

    protected sealed override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        bool failed = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            long from = Time.GetTimestamp();
            try
            {
                await RunRoundAsync(stoppingToken);
                failed = false;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure) when (failure is not OutOfMemoryException)
            {
                if (!failed)
                    LogFailed(failure);
                failed = true;
            }

            var pause = Time.GetElapsedTime(from) * rest;
            await WaitAsync(pause > interval ? pause : interval);
            if (pause <= interval && !HasWork)
                await WaitAsync(interval);
        }

        async Task WaitAsync(TimeSpan length) => await Task.Delay(length, Time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
