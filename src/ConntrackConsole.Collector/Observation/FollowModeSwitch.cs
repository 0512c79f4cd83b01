
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Observation;

/// <summary>
/// Decides, second by second, whether the table is followed by events or by dumps alone. Listening is not free for the data
/// path, so above a set rate the collector leaves the events; it comes back to look, later each time it finds the storm going on.
/// </summary>
/// <param name="pairsPerSecond">The rate, in pairs of NEW and DESTROY.</param>
/// <param name="seconds">How many seconds running it must be exceeded.</param>
/// <param name="dumpOnlySeconds">How long it stays away at first.</param>
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

    /// <summary>Takes the events of a second in; events were lost where <paramref name="overrun"/>.</summary>
    /// <returns>True where <see cref="Mode"/> changed.</returns>
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
