using System.Threading.Channels;

namespace ConntrackConsole.Components.State;

/// <summary>
/// Refreshes a page at <see cref="Start"/> and then after each <see cref="Request"/>, at most once per interval: one request is queued,
/// further ones are dropped. Intervals begin at whole multiples of the clock, the same for all open pages, so that they share snapshots
/// and answers. What the user does is answered at once (<see cref="RequestNow"/>). A page that is not visible is refreshed when it is
/// visible again. The refresh runs outside the circuit's thread.
/// </summary>
internal sealed class PageRefresher(TimeSpan minInterval, TimeProvider clock, Visibility visibility, Func<CancellationToken, Task> refresh) : IAsyncDisposable
{
    private readonly Channel<bool> _requests = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _end = new();
    private TaskCompletionSource _now = new();
    private Task _loop = Task.CompletedTask;

    /// <summary>Subscribe to changes before calling this, so that no change after the first refresh is missed.</summary>
    public void Start()
    {
        visibility.Shown += RequestNow;
        Request();
        _loop = Task.Run(RunAsync);
    }

    public void Request() => _requests.Writer.TryWrite(true);

    /// <summary>Requests a refresh that does not wait for the interval to end.</summary>
    public void RequestNow()
    {
        Request();
        Volatile.Read(ref _now).TrySetResult();
    }

    private async Task RunAsync()
    {
        while (await _requests.Reader.WaitToReadAsync(_end.Token))
        {
            _requests.Reader.TryRead(out _);
            if (visibility.IsHidden)
                continue;
            var now = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Volatile.Write(ref _now, now);
            await refresh(_end.Token);
            await Task.WhenAny(Task.Delay(UntilNext(clock.GetUtcNow(), minInterval), clock, _end.Token), now.Task);
        }
    }

    internal static TimeSpan UntilNext(DateTimeOffset now, TimeSpan interval) => interval - TimeSpan.FromTicks(now.Ticks % interval.Ticks);

    /// <summary>Cancels the current refresh and waits for it.</summary>
    public async ValueTask DisposeAsync()
    {
        visibility.Shown -= RequestNow;
        await _end.CancelAsync();
        try
        {
            await _loop;
        }
        catch (OperationCanceledException)
        {
            // Expected on disposal.
        }

        _end.Dispose();
    }
}
