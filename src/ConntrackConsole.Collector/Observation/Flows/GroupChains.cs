using System.Runtime.InteropServices;

namespace ConntrackConsole.Collector.Observation.Flows;

/// <summary>Lists of group numbers, one list a key. A number is in one list at most; adding and removing cost the same in a long list.</summary>
internal sealed class GroupChains<TKey>
    where TKey : struct, IEquatable<TKey>
{
    private readonly Dictionary<TKey, int> _first = [];
    private (int Before, int Next)[] _links = new (int, int)[64];

    /// <summary>The first number of the list, or -1.</summary>
    public int First(TKey key) => _first.TryGetValue(key, out int first) ? first : -1;

    /// <summary>The number after this one, or -1.</summary>
    public int Next(int number) => _links[number].Next;

    public void Add(TKey key, int number)
    {
        if (number >= _links.Length)
            Array.Resize(ref _links, Math.Max(number + 1, _links.Length * 2));
        ref int first = ref CollectionsMarshal.GetValueRefOrAddDefault(_first, key, out bool exists);
        _links[number] = (-1, exists ? first : -1);
        if (exists)
            _links[first].Before = number;
        first = number;
    }

    public void Remove(TKey key, int number)
    {
        var (before, next) = _links[number];
        if (next >= 0)
            _links[next].Before = before;
        if (before >= 0)
            _links[before].Next = next;
        else if (next >= 0)
            _first[key] = next;
        else
            _first.Remove(key);
    }
}
