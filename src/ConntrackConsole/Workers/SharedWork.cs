namespace ConntrackConsole.Workers;

/// <summary>Work that several wait for is done once: those who ask for the same while it is under way get the same result. It is cancelled when the last of them has gone. Thread-safe.</summary>
internal sealed class SharedWork<TKey, TResult>
    where TKey : notnull
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TKey, Running> _running = [];

    /// <summary>Joins the work under way for a key, or begins it.</summary>
    /// <param name="work">Runs on a thread of the pool; its token is cancelled when the last who waits has gone.</param>
    /// <param name="ct">Of the one who asks: ends the waiting, not the work of others.</param>
    public async Task<TResult> RunAsync(TKey key, Func<CancellationToken, Task<TResult>> work, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(work);
        Running running;
        lock (_lock)
        {
            if (!_running.TryGetValue(key, out running!))
                _running[key] = running = new Running(work);
            running.Waiting++;
        }

        try
        {
            return await running.Task.WaitAsync(ct);
        }
        finally
        {
            bool isLast;
            lock (_lock)
            {
                isLast = --running.Waiting == 0;
                // Who asks from now on starts it again: a result is shared, not kept.
                if ((isLast || running.Task.IsCompleted) && _running.TryGetValue(key, out var current) && current == running)
                    _running.Remove(key);
            }

            if (isLast)
                await running.DisposeAsync();
        }
    }

    private sealed class Running : IAsyncDisposable
    {
        private readonly CancellationTokenSource _end = new();

        public Running(Func<CancellationToken, Task<TResult>> work)
        {
            var end = _end.Token;
            Task = System.Threading.Tasks.Task.Run(() => work(end), CancellationToken.None);
        }

        public Task<TResult> Task { get; }

        public int Waiting { get; set; }

        public async ValueTask DisposeAsync()
        {
            if (!Task.IsCompleted)
                await _end.CancelAsync();
            _end.Dispose();
        }
    }
}
