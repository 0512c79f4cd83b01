namespace ConntrackConsole.Cluster.Model;

/// <summary>
/// Usually holds one value, and several while two objects claim the same key: an address that two pods have for a moment,
/// an external address of two Services. Has the size of a reference, which matters with 150,000 of them.
/// </summary>
internal readonly struct SmallList<T>
    where T : class
{
    private readonly object? _held; // null, a T, or a T[] of two or more; copied on each change

    private SmallList(object? held) => _held = held;

    public int Count => _held switch { null => 0, T[] several => several.Length, _ => 1 };

    public T this[int index] => _held is T[] several ? several[index] : (T)_held!;

    /// <summary>The value added last; null if empty.</summary>
    public T? Newest => _held is T[] several ? several[^1] : (T?)_held;

    public SmallList<T> Add(T value)
    {
        for (int i = 0; i < Count; i++)
        {
            if (this[i].Equals(value))
                return this;
        }

        return _held switch
        {
            null => new SmallList<T>(value),
            T[] several => new SmallList<T>((T[])[.. several, value]),
            _ => new SmallList<T>((T[])[(T)_held, value]),
        };
    }

    /// <summary>Puts a value in the place of another; adds it if the other is absent.</summary>
    public SmallList<T> Replace(T old, T value)
    {
        for (int i = 0; i < Count; i++)
        {
            if (!this[i].Equals(old))
                continue;
            if (_held is not T[] several)
                return new SmallList<T>(value);
            var copy = (T[])several.Clone();
            copy[i] = value;
            return new SmallList<T>(copy);
        }

        return Add(value);
    }

    public SmallList<T> Sort(Comparison<T> comparison)
    {
        if (_held is not T[] several)
            return this;
        var copy = (T[])several.Clone();
        Array.Sort(copy, comparison);
        return new SmallList<T>(copy);
    }

    public SmallList<T> Remove(T value)
    {
        if (_held is not T[] several)
            return _held is not null && _held.Equals(value) ? default : this;
        int at = Array.IndexOf(several, value);
        if (at < 0)
            return this;
        return several.Length == 2 ? new SmallList<T>(several[1 - at]) : new SmallList<T>((T[])[.. several[..at], .. several[(at + 1)..]]);
    }
}
