using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Observation;

/// <summary>
/// Decides every second whether the table is followed by events or by dumps alone. Listening costs the data path, so above a
/// limit rate the collector stops listening; it probes again later, with growing intervals while the rate stays high.
/// </summary>
/// <param name="pairsPerSecond">The limit rate, in pairs of NEW and DESTROY.</param>
/// <param name="seconds">How many consecutive seconds it must be exceeded.</param>
/// <param name="dumpOnlySeconds">How long the first dump-only phase lasts.</param>
internal sealed class FollowModeSwitch(int pairsPerSecond = 50_000, int seconds = 5, int dumpOnlySeconds = 30)
{
    private const int MaxDumpOnlySeconds = 300;

    private int _secondsOver;
    private readonly int _minDumpOnlySeconds = dumpOnlySeconds;
    private int _dumpOnlySeconds = dumpOnlySeconds;
    private int _secondsLeft;
    private bool _isProbing;

    public static FollowModeSwitch Never => new(int.MaxValue);

    public FollowMode Mode { get; private set; }

    /// <summary>Processes the event count of a second; <paramref name="overrun"/> means that events were lost.</summary>
    /// <returns>True if <see cref="Mode"/> changed.</returns>
    public bool EndSecond(long events, bool overrun)
    {
        if (Mode == FollowMode.DumpOnly)
        {
            if (--_secondsLeft > 0)
                return false;
            Mode = FollowMode.Events;
            _isProbing = true;
            _secondsOver = 0;
            return true;
        }

        bool over = pairsPerSecond != int.MaxValue && (overrun || events / 2 > pairsPerSecond);
        _secondsOver = over ? _secondsOver + 1 : 0;
        if (!over && _isProbing)
        {
            _isProbing = false;
            _dumpOnlySeconds = _minDumpOnlySeconds;
        }

        if (_secondsOver < (_isProbing ? 1 : seconds))
            return false;
        if (_isProbing)
            _dumpOnlySeconds = Math.Min(_dumpOnlySeconds * 2, MaxDumpOnlySeconds);
        Mode = FollowMode.DumpOnly;
        _secondsLeft = _dumpOnlySeconds;
        return true;
    }
}
