
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Observation;

/// <summary>
/// Decides, second by second, whether the table is followed by events or by dumps alone. Listening is not free for the data
/// path, so above a set rate the collector leaves the events; it comes back to look, later each time it finds the storm going on.
/// </summary>
/// <param name="pairsPerSecond">The rate, in pairs of NEW and DESTROY.</param>
/// <param name="seconds">How many seconds running it must be exceeded.</param>
/// <param name="awaySeconds">How long it stays away at first.</param>
internal sealed class FollowModeSwitch(int pairsPerSecond = 50_000, int seconds = 5, int awaySeconds = 30)
{
    private const int MostAwaySeconds = 300;

    private int _over;
    private readonly int _firstAwaySeconds = awaySeconds;
    private int _awaySeconds = awaySeconds;
    private int _back;
    private bool _looking;

    public static FollowModeSwitch Never => new(int.MaxValue);

    public FollowMode Mode { get; private set; }

    /// <summary>Takes the events of a second in; events were lost where <paramref name="overrun"/>.</summary>
    /// <returns>True where <see cref="Mode"/> changed.</returns>
    public bool EndSecond(long events, bool overrun)
    {
        if (Mode == FollowMode.DumpOnly)
        {
            if (--_back > 0)
                return false;
            Mode = FollowMode.Events;
            _looking = true;
            _over = 0;
            return true;
        }

        bool over = pairsPerSecond != int.MaxValue && (overrun || events / 2 > pairsPerSecond);
        _over = over ? _over + 1 : 0;
        if (!over && _looking)
        {
            _looking = false;
            _awaySeconds = _firstAwaySeconds;
        }

        if (_over < (_looking ? 1 : seconds))
            return false;
        if (_looking)
            _awaySeconds = Math.Min(_awaySeconds * 2, MostAwaySeconds);
        Mode = FollowMode.DumpOnly;
        _back = _awaySeconds;
        return true;
    }
}
