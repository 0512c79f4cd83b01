using System.Collections.Immutable;

namespace ConntrackConsole.Timeline.Live;

/// <summary>Subscribers of a signal without payload.</summary>
internal sealed class Signals
{
    private ImmutableList<Subscription> _subscriptions = [];

    public int Count => _subscriptions.Count;

    public IDisposable Add(Action signal)
    {
        var subscription = new Subscription(this, signal);
        ImmutableInterlocked.Update(ref _subscriptions, list => list.Add(subscription));
        return subscription;
    }

    public void Raise()
    {
        foreach (var subscription in _subscriptions)
            subscription.Signal();
    }

    private sealed record Subscription(Signals Owner, Action Signal) : IDisposable
    {
        public void Dispose() =>
            ImmutableInterlocked.Update(ref Owner._subscriptions, list => list.RemoveAll(s => ReferenceEquals(s, this)));
    }
}
