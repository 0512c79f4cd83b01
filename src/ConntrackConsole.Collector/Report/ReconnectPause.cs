namespace ConntrackConsole.Collector.Report;

/// <summary>
/// How long to wait before the next attempt. Over the network anything from 0 to 30 s, so that a console that comes back is
/// not met by every node at once; to a console on this machine short pauses that grow.
/// </summary>
internal sealed class ReconnectPause(ConsoleAddress address, Random random)
{
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestHere = TimeSpan.FromSeconds(5);

    private readonly bool _here = address.SocketPath is not null || address.Hub.IsLoopback;
    private TimeSpan _next = First;

    public void Connected() => _next = First;

    public TimeSpan Next()
    {
        if (!_here)
            return Longest * random.NextDouble();
        var pause = _next * (0.5 + random.NextDouble());
        _next = TimeSpan.FromTicks(Math.Min(_next.Ticks * 2, LongestHere.Ticks));
        return pause;
    }
}
