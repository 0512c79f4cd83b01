using System.Threading.Channels;
using ConntrackConsole.Actions.Outcome;
using ConntrackConsole.Actions.Workflow;

namespace ConntrackConsole.Components.Actions;

/// <summary>Tells who shows actions when to look again: once at the start, then at each change, twice a second at most.</summary>
public sealed class ActionFeed : IAsyncDisposable
{
    public static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(500);

    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _end = new();
    private readonly ActionStore _store;
    private readonly OutcomeMonitor _monitor;
    private readonly TimeProvider _clock;
    private readonly Task _loop;

    public ActionFeed(ActionStore store, OutcomeMonitor monitor, TimeProvider clock, Func<CancellationToken, Task> look)
    {
        (_store, _monitor, _clock) = (store, monitor, clock);
        store.Changed += Wake;
        monitor.Changed += Wake;
        Wake();
        _loop = Task.Run(() => RunAsync(look));
    }

    public void Wake() => _wake.Writer.TryWrite(true);

    private async Task RunAsync(Func<CancellationToken, Task> look)
    {
        while (await _wake.Reader.WaitToReadAsync(_end.Token))
        {
            _wake.Reader.TryRead(out _);
            await look(_end.Token);
            await Task.Delay(Pace, _clock, _end.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _store.Changed -= Wake;
        _monitor.Changed -= Wake;
        await _end.CancelAsync();
        try
        {
            await _loop;
        }
        catch (OperationCanceledException)
        {
            // The usual end.
        }

        _end.Dispose();
    }
}
