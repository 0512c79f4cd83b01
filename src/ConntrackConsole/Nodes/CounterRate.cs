namespace ConntrackConsole.Nodes;

/// <summary>
/// The growth of an external counter, in steps of ten seconds over the last hour. The growth across a counter reset is
/// unknown: what a process counts during startup is its first list, not changes.
/// </summary>
internal sealed class CounterRate
{
    public const long StepMs = 10_000;

    /// <summary>The last minute, and the hour before it.</summary>
    public const int Steps = (60 + 1) * PerMinute;

    /// <summary>Readings further apart than this do not show when in between the counter grew.</summary>
    public const long MaxGapMs = 30_000;

    private const int PerMinute = 6;
    private const int MinStepsPerMinute = 4;

    private readonly float[] _steps = new float[Steps];
    private double _last = double.NaN;
    private long _lastMs, _lastStep = -1, _settledMs;

    /// <summary>Adds a reading; NaN if the counter was absent.</summary>
    public void Add(long atMs, double value)
    {
        if (double.IsNaN(value) || value < 0 || atMs < 0)
            return;
        long gapMs = atMs - _lastMs;
        bool isFirst = double.IsNaN(_last) || value < _last;
        if (isFirst)
            _settledMs = atMs + StepMs;
        if (isFirst || gapMs > MaxGapMs)
        {
            (_last, _lastMs) = (value, atMs);
            return;
        }

        if (gapMs <= 0)
            return; // The clock jumped backwards: ignore readings until it catches up.
        Advance(atMs / StepMs);
        if (atMs >= _settledMs)
            _steps[_lastStep % Steps] += (float)(value - _last);
        (_last, _lastMs) = (value, atMs);
    }

    /// <summary>Growth over the last steps up to a time; NaN if none of them is known.</summary>
    public double Recent(long atMs, int steps)
    {
        long end = atMs / StepMs;
        double sum = 0;
        int known = 0;
        for (long step = end - steps + 1; step <= end; step++)
        {
            if (At(step) is var grown && float.IsNaN(grown))
                continue;
            sum += grown;
            known++;
        }

        return known == 0 ? double.NaN : sum;
    }

    /// <summary>Typical growth per minute: the median of the known minutes in the hour before the last minute.</summary>
    public (double Median, int Minutes) Baseline(long atMs)
    {
        Span<double> minutes = stackalloc double[60];
        int count = 0;
        long end = (atMs / StepMs) - PerMinute;
        for (int minute = 0; minute < 60; minute++, end -= PerMinute)
        {
            double sum = 0;
            int known = 0;
            for (long step = end - PerMinute + 1; step <= end; step++)
            {
                if (At(step) is var grown && float.IsNaN(grown))
                    continue;
                sum += grown;
                known++;
            }

            if (known >= MinStepsPerMinute)
                minutes[count++] = sum * PerMinute / known;
        }

        minutes[..count].Sort();
        return count == 0 ? (double.NaN, 0) : ((minutes[(count - 1) / 2] + minutes[count / 2]) / 2, count);
    }

    private float At(long step) => step < 0 || step > _lastStep || step <= _lastStep - Steps ? float.NaN : _steps[step % Steps];

    private void Advance(long step)
    {
        if (_lastStep < 0 || step - _lastStep >= Steps)
            Array.Fill(_steps, float.NaN);
        else
            for (long skipped = _lastStep + 1; skipped < step; skipped++)
                _steps[skipped % Steps] = float.NaN;
        if (step > _lastStep)
            _steps[step % Steps] = 0;
        _lastStep = Math.Max(step, _lastStep);
    }
}
