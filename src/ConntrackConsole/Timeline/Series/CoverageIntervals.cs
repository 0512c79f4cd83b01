namespace ConntrackConsole.Timeline.Series;

/// <summary>The intervals in which a node's table was known, oldest first.</summary>
internal sealed class CoverageIntervals
{
    private readonly List<(long FromMs, long ToMs)> _stretches = [];

    public int Count => _stretches.Count;

    public (long FromMs, long ToMs) this[int index] => _stretches[index];

    /// <summary>The table is known at a moment; <paramref name="unbroken"/> if it was known all the time since the last one.</summary>
    public void Add(long atMs, bool unbroken)
    {
        if (unbroken && _stretches.Count > 0)
            _stretches[^1] = (_stretches[^1].FromMs, Math.Max(atMs, _stretches[^1].ToMs));
        else
            _stretches.Add((atMs, atMs));
    }

    public void Trim(long beforeMs) => _stretches.RemoveAll(s => s.ToMs < beforeMs);

    public (long FromMs, long ToMs)[] ToArray() => [.. _stretches];
}
