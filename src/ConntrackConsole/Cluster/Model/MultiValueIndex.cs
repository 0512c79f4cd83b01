using System.Collections.Immutable;

namespace ConntrackConsole.Cluster.Model;

/// <summary>Keeps an index of a few values a key: a key without values is no key.</summary>
internal static class MultiValueIndex
{
    public static SmallList<T> Of<TKey, T>(this ImmutableDictionary<TKey, SmallList<T>> index, TKey key)
        where TKey : notnull
        where T : class => index.TryGetValue(key, out var few) ? few : default;

    public static ImmutableDictionary<TKey, SmallList<T>> Adding<TKey, T>(this ImmutableDictionary<TKey, SmallList<T>> index, TKey key, T value)
        where TKey : notnull
        where T : class => index.SetItem(key, index.Of(key).Add(value));

    /// <summary>Takes one claim away; the others stay.</summary>
    public static ImmutableDictionary<TKey, SmallList<T>> Removing<TKey, T>(this ImmutableDictionary<TKey, SmallList<T>> index, TKey key, T value)
        where TKey : notnull
        where T : class
    {
        if (!index.TryGetValue(key, out var few))
            return index;
        var left = few.Remove(value);
        return left.Count == 0 ? index.Remove(key) : index.SetItem(key, left);
    }
}
