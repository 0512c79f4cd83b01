using ConntrackConsole.Actions.Outcome;
using ConntrackConsole.Actions.Workflow;

namespace ConntrackConsole.Components.State;

/// <summary>Refreshes a component that shows actions: once at the start, then at each change, at most twice a second.</summary>
internal sealed class ActionFeed : IAsyncDisposable
{
    public static readonly TimeSpan MinInterval = TimeSpan.FromMilliseconds(500);

    private readonly ActionStore _store;
    private readonly OutcomeMonitor _outcomes;
    private readonly PageRefresher _refresher;
    private readonly Visibility _visibility;

    public ActionFeed(ActionStore store, OutcomeMonitor outcomes, TimeProvider clock, Visibility visibility, Func<CancellationToken, Task> refresh)
    {
        (_store, _outcomes, _refresher) = (store, outcomes, new PageRefresher(MinInterval, clock, visibility, refresh));
        _visibility = visibility;
        store.Changed += Wake;
        outcomes.Changed += Wake;
        _refresher.Start();
    }

    public void Wake()
    {
        if (!_visibility.IsHidden)
            _refresher.Request();
    }

    public ValueTask DisposeAsync()
    {
        _store.Changed -= Wake;
        _outcomes.Changed -= Wake;
        return _refresher.DisposeAsync();
    }
}
