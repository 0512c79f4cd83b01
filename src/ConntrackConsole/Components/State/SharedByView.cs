using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using ConntrackConsole.Timeline.Model;

namespace ConntrackConsole.Components.State;

/// <summary>What pages derive from a view: open pages that ask the same have the same view, and the first of them computes it.</summary>
/// <typeparam name="TKey">How it depends on the page.</typeparam>
/// <typeparam name="TValue">What is derived.</typeparam>
internal sealed class SharedByView<TKey, TValue>(Func<TimelineView, TKey, TValue> compute)
    where TKey : notnull
{
    private readonly ConditionalWeakTable<TimelineView, ConcurrentDictionary<TKey, Lazy<TValue>>> _values = new();

    public TValue Of(TimelineView view, TKey key) =>
        _values.GetOrCreateValue(view).GetOrAdd(key, wanted => new Lazy<TValue>(() => compute(view, wanted))).Value;
}
