using System.Collections.Immutable;

namespace ConntrackConsole.Cluster.Model;

/// <summary>An index with a few values for each key; a key without values is removed.</summary>
internal static class MultiValueIndex
{
    public static SmallList<T> Of<TKey, T>(this ImmutableDictionary<TKey, SmallList<T>> index, TKey key)
        where TKey : notnull
        where T : class => index.TryGetValue(key, out var values) ? values : default;

    public static ImmutableDictionary<TKey, SmallList<T>> Adding<TKey, T>(this ImmutableDictionary<TKey, SmallList<T>> index, TKey key, T value)
        where TKey : notnull
        where T : class => index.SetItem(key, index.Of(key).Add(value));

    /// <summary>Puts a value in the place and rank of another.</summary>
    public static ImmutableDictionary<TKey, SmallList<T>> Replacing<TKey, T>(this ImmutableDictionary<TKey, SmallList<T>> index, TKey key, T old, T value)
        where TKey : notnull
        where T : class => index.SetItem(key, index.Of(key).Replace(old, value));

    /// <summary>Removes one value of a key; the others remain.</summary>
    public static ImmutableDictionary<TKey, SmallList<T>> Removing<TKey, T>(this ImmutableDictionary<TKey, SmallList<T>> index, TKey key, T value)
        where TKey : notnull
        where T : class
    {
        if (!index.TryGetValue(key, out var values))
            return index;
        var left = values.Remove(value);
        return left.Count == 0 ? index.Remove(key) : index.SetItem(key, left);
    }
}
