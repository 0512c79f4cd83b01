namespace ConntrackConsole.Nodes;

/// <summary>
/// How much a foreign counter grew, in steps of ten seconds over the last hour. A counter that begins anew grew by what is
/// not known: what its owner counts while it starts is its first list, and no change.
/// </summary>
internal sealed class CounterRate
{
    public const long StepMs = 10_000;

    /// <summary>The last minute, and the hour before it.</summary>
    public const int Steps = (60 + 1) * PerMinute;

    /// <summary>Readings further apart than this do not say when in between the counter grew.</summary>
    public const long MostApartMs = 30_000;

    private const int PerMinute = 6;
    private const int EnoughOfAMinute = 4;

    private readonly float[] _steps = new float[Steps];
    private double _last = double.NaN;
    private long _lastMs, _lastStep = -1, _settledMs;

    /// <summary>Takes in a reading; NaN where the counter was not there.</summary>
    public void Add(long atMs, double value)
    {
        if (double.IsNaN(value) || value < 0 || atMs < 0)
            return;
        long apartMs = atMs - _lastMs;
        bool began = double.IsNaN(_last) || value < _last;
        if (began)
            _settledMs = atMs + StepMs;
        if (began || apartMs > MostApartMs)
        {
            (_last, _lastMs) = (value, atMs);
            return;
        }

        if (apartMs <= 0)
            return; // The clock was set back: wait until it is where it was.
        Turn(atMs / StepMs);
        if (atMs >= _settledMs)
            _steps[_lastStep % Steps] += (float)(value - _last);
        (_last, _lastMs) = (value, atMs);
    }

    /// <summary>Growth over the last steps up to a moment; NaN where nothing is known of them.</summary>
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

    /// <summary>Growth of an ordinary minute: the median of the known minutes of the hour before the last minute.</summary>
    public (double Median, int Minutes) Baseline(long atMs)
    {
        var minutes = new List<double>(60);
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

            if (known >= EnoughOfAMinute)
                minutes.Add(sum * PerMinute / known);
        }

        minutes.Sort();
        return minutes.Count == 0 ? (double.NaN, 0) : ((minutes[(minutes.Count - 1) / 2] + minutes[minutes.Count / 2]) / 2, minutes.Count);
    }

    private float At(long step) => step < 0 || step > _lastStep || step <= _lastStep - Steps ? float.NaN : _steps[step % Steps];

    private void Turn(long step)
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
