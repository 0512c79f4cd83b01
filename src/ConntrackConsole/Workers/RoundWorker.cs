namespace ConntrackConsole.Workers;

/// <summary>
/// Repeats a round of work in the background. Slow rounds are followed by a longer pause, so that the work never takes more than a share of
/// a core. A failing round does not stop the console: it is tried again after the pause, and logged once until a round succeeds.
/// </summary>
/// <param name="interval">The pause after a round that is fast.</param>
/// <param name="rest">How many times its own duration the pause after a slow round lasts: 19 = a twentieth of a core.</param>
/// <param name="burst">How much work may be done before such pauses, after a time with little of it; none = each slow round is followed by one.</param>
internal abstract class RoundWorker(TimeSpan interval, int rest, TimeProvider time, TimeSpan burst = default) : BackgroundService
{
    /// <summary>What arrives together is one round's work: the nodes' frames of one second.</summary>
    public static readonly TimeSpan GatherTime = TimeSpan.FromMilliseconds(100);

    /// <summary>The pause between two rounds that do not wait for the interval.</summary>
    public static readonly TimeSpan MinPause = TimeSpan.FromMilliseconds(250);

    private readonly WakeSignal _signal = new();
    private readonly WorkBudget _budget = new(rest, burst);

    protected TimeProvider Time { get; } = time;

    /// <summary>One round.</summary>
    protected abstract Task RunRoundAsync(CancellationToken ct);

    /// <summary>Something waits for the next round; otherwise it comes an interval later.</summary>
    protected virtual bool HasWork => true;

    /// <summary>Something arrived for which the next round comes at once, as far as the share of a core allows.</summary>
    protected virtual bool IsUrgent => false;

    /// <summary>Subscribes to what may become urgent; the argument only records it, and may be called from any thread.</summary>
    protected virtual IDisposable? Listen(Action wake) => null;

    /// <summary>Logs the first failure after a success.</summary>
    protected abstract void LogFailed(Exception failure);

    public override void Dispose()
    {
        base.Dispose();
        _signal.Dispose();
        GC.SuppressFinalize(this);
    }

    protected sealed override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        using var listening = Listen(_signal.Wake);
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

            await PauseAsync(_budget.Spend(Time.GetElapsedTime(from), Time.GetElapsedTime(0, from)), stoppingToken);
        }
    }

    private async Task PauseAsync(TimeSpan pause, CancellationToken stop)
    {
        long from = Time.GetTimestamp();
        if (pause > interval)
        {
            await WaitAsync(pause, stop);
            return;
        }

        await WaitAsync(pause > MinPause ? pause : MinPause, stop);
        if (!await UrgentAsync(from, interval, stop) && !HasWork)
            await UrgentAsync(from, 2 * interval, stop);
    }

    // Until something is urgent, or a time since a moment has passed.
    private async Task<bool> UrgentAsync(long from, TimeSpan length, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            if (IsUrgent)
            {
                await WaitAsync(GatherTime, stop);
                return true;
            }

            var left = length - Time.GetElapsedTime(from);
            if (left <= TimeSpan.Zero)
                return false;
            await _signal.WaitAsync(left, Time, stop);
        }

        return false;
    }

    private async Task WaitAsync(TimeSpan length, CancellationToken stop) => await Task.Delay(length, Time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
