namespace ConntrackConsole.Timeline.Live;

/// <summary>Entries of one group on one node over time, stored only where they changed: an idle group costs nothing.</summary>
internal sealed class StepSeries
{
    private readonly List<(long AtMs, int Live, int Closing)> _steps = [];

    public int Count => _steps.Count;

    public (long AtMs, int Live, int Closing) this[int index] => _steps[index];

    public (int Live, int Closing) Last => _steps.Count > 0 ? (_steps[^1].Live, _steps[^1].Closing) : (0, 0);

    /// <summary>Timestamps must not decrease.</summary>
    public void Add(long atMs, int live, int closing)
    {
        if (Last == (live, closing))
            return;
        if (_steps.Count > 0 && _steps[^1].AtMs >= atMs)
            _steps[^1] = (_steps[^1].AtMs, live, closing);
        else
            _steps.Add((atMs, live, closing));
    }

    /// <summary>Removes everything before a moment, but keeps the value at that moment.</summary>
    /// <returns>True if only a zero remains.</returns>
    public bool Trim(long beforeMs)
    {
        int drop = 0;
        while (drop + 1 < _steps.Count && _steps[drop + 1].AtMs <= beforeMs)
            drop++;
        _steps.RemoveRange(0, drop);
        return _steps.Count == 0 || (_steps.Count == 1 && Last == (0, 0) && _steps[0].AtMs <= beforeMs);
    }
}
