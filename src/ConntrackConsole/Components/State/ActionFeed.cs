
using ConntrackConsole.Actions.Outcome;
using ConntrackConsole.Actions.Workflow;

namespace ConntrackConsole.Components.State;

/// <summary>Refreshes what shows actions: once at the start, then at each change, at most twice a second.</summary>
internal sealed class ActionFeed : IAsyncDisposable
{
    public static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(500);

    private readonly ActionStore _store;
    private readonly OutcomeMonitor _meter;
    private readonly PageRefresher _refresher;

    public ActionFeed(ActionStore store, OutcomeMonitor meter, TimeProvider clock, Func<CancellationToken, Task> refresh)
    {
        (_store, _meter, _refresher) = (store, meter, new PageRefresher(Pace, clock, refresh));
        store.Changed += Wake;
        meter.Changed += Wake;
        _refresher.Start();
    }

    public void Wake() => _refresher.Request();

    public ValueTask DisposeAsync()
    {
        _store.Changed -= Wake;
        _meter.Changed -= Wake;
        return _refresher.DisposeAsync();
    }
}
