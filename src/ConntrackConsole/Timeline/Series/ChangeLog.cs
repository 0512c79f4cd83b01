namespace ConntrackConsole.Timeline.Series;

/// <summary>
/// From which moment on the timeline changed between two snapshots: columns before it are as they were. Not thread-safe: the store of the
/// timeline holds its lock.
/// </summary>
internal sealed class ChangeLog
{
    // Live pages ask twice a second.
    private const int Kept = 64;

    private readonly long[] _earliest = new long[Kept];
    private long _number;
    private long _open = long.MaxValue;

    /// <summary>Something changed from a moment of the console's clock on; <see cref="long.MinValue"/> for all times.</summary>
    public void Add(long atMs) => _open = Math.Min(_open, atMs);

    /// <summary>A snapshot is taken.</summary>
    /// <returns>Its number.</returns>
    public long Next()
    {
        _earliest[++_number % Kept] = _open;
        _open = long.MaxValue;
        return _number;
    }

    /// <summary>The earliest moment of which something changed between two snapshots; <see cref="long.MinValue"/> if that is not known any more.</summary>
    public long Between(long former, long snapshot)
    {
        if (former > snapshot || _number - former >= Kept)
            return long.MinValue;
        long earliest = long.MaxValue;
        for (long number = former + 1; number <= snapshot; number++)
            earliest = Math.Min(earliest, _earliest[number % Kept]);
        return earliest;
    }
}
