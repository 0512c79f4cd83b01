namespace ConntrackConsole.Wire;

/// <summary>
/// Exponential backoff with jitter, so that many programs do not retry in step. Not thread-safe.
/// </summary>
internal sealed class Backoff
{
    private TimeSpan _whole;
    private DateTimeOffset _dueAt = DateTimeOffset.MinValue;

    /// <summary>The first delay.</summary>
    public required TimeSpan Min { get; init; }

    /// <summary>The maximum delay.</summary>
    public required TimeSpan Max { get; init; }

    /// <summary>Growth of the delay with each failure.</summary>
    public double Factor { get; init; } = 2;

    /// <summary>Random share of each delay that is subtracted, 0 to 1: 0 = no jitter, 1 = from zero to the full delay.</summary>
    public double Jitter { get; init; }

    /// <summary>Source of the jitter.</summary>
    public Random Random { get; init; } = Random.Shared;

    /// <summary>The delay after another failure.</summary>
    public TimeSpan Next() => Next(Min);

    /// <summary>As <see cref="Next()"/>, with a first delay that depends on the failure.</summary>
    public TimeSpan Next(TimeSpan min)
    {
        _whole = _whole == TimeSpan.Zero ? min : Max / Factor < _whole ? Max : _whole * Factor;
        if (_whole > Max)
            _whole = Max;
        return Jittered(_whole);
    }

    /// <summary>A delay that does not grow, with the same jitter.</summary>
    public TimeSpan Jittered(TimeSpan delay) => Jitter == 0 ? delay : delay * (1 - (Random.NextDouble() * Jitter));

    /// <summary>For attempts on a timer: records a failure; the next attempt is due after <see cref="Next()"/>.</summary>
    public void Failed(DateTimeOffset now) => _dueAt = now + Next();

    /// <summary>Whether the delay after the last <see cref="Failed"/> has elapsed.</summary>
    public bool IsDue(DateTimeOffset now) => now >= _dueAt;

    /// <summary>An attempt succeeded: the next delay is the first one again.</summary>
    public void Reset()
    {
        _whole = TimeSpan.Zero;
        _dueAt = DateTimeOffset.MinValue;
    }
}
