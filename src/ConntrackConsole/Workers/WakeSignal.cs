namespace ConntrackConsole.Workers;

/// <summary>Ends the wait of a background loop early. Signals before a wait count; several of them are one. Any thread may signal, one waits.</summary>
internal sealed class WakeSignal : IDisposable
{
    private readonly SemaphoreSlim _woken = new(0, 1);

    public void Wake()
    {
        try
        {
            if (_woken.CurrentCount == 0)
                _woken.Release();
        }
        catch (Exception e) when (e is SemaphoreFullException or ObjectDisposedException)
        {
            // Another thread did, or the loop has ended.
        }
    }

    /// <summary>Waits for a signal or the end of a time; returns early, without an exception, when stopped.</summary>
    public async Task WaitAsync(TimeSpan length, TimeProvider time, CancellationToken stop)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var woken = _woken.WaitAsync(ended.Token);
        await Task.WhenAny(woken, Task.Delay(length, time, ended.Token));
        await ended.CancelAsync();
        await woken.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose() => _woken.Dispose();
}
