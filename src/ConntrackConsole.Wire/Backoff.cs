namespace ConntrackConsole.Wire;

/// <summary>
/// Waits between attempts that grow with every failure, less a random share, so that many programs do not retry in step. For one
/// thread at a time.
/// </summary>
public sealed class Backoff
{
    private TimeSpan _whole;
    private DateTimeOffset _dueAt = DateTimeOffset.MinValue;

    /// <summary>The first wait.</summary>
    public required TimeSpan Min { get; init; }

    /// <summary>No wait is longer.</summary>
    public required TimeSpan Max { get; init; }

    /// <summary>How much longer each wait is than the one before.</summary>
    public double Factor { get; init; } = 2;

    /// <summary>The share of each wait, 0 to 1, that chance takes off: 0 = none, 1 = anything from nothing to the whole wait.</summary>
    public double Jitter { get; init; }

    /// <summary>Where chance comes from.</summary>
    public Random Random { get; init; } = Random.Shared;

    /// <summary>The wait after one more failure.</summary>
    public TimeSpan Next() => Next(Min);

    /// <summary>As <see cref="Next()"/>, where the first wait depends on what failed.</summary>
    public TimeSpan Next(TimeSpan min)
    {
        _whole = _whole == TimeSpan.Zero ? min : Max / Factor < _whole ? Max : _whole * Factor;
        if (_whole > Max)
            _whole = Max;
        return Jitter == 0 ? _whole : _whole * (1 - (Random.NextDouble() * Jitter));
    }

    /// <summary>For attempts of a timer: another one failed now, and the next is due after <see cref="Next()"/>.</summary>
    public void Failed(DateTimeOffset now) => _dueAt = now + Next();

    /// <summary>Whether the wait that began with the last <see cref="Failed"/> is over.</summary>
    public bool IsDue(DateTimeOffset now) => now >= _dueAt;

    /// <summary>An attempt succeeded: the next wait is the first again.</summary>
    public void Reset()
    {
        _whole = TimeSpan.Zero;
        _dueAt = DateTimeOffset.MinValue;
    }
}
