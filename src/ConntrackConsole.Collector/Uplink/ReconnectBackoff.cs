using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Uplink;

/// <summary>
/// Backoff between connection attempts. Over the network a random delay from 0 to 30 s, so that not all nodes reconnect to a
/// restarted console at once; to a console on this machine short, growing delays.
/// </summary>
internal static class ReconnectBackoff
{
    private static readonly TimeSpan Network = TimeSpan.FromSeconds(30);

    public static Backoff For(ConsoleAddress address, Random random) => address.SocketPath is not null || address.Hub.IsLoopback
        ? new Backoff { Min = TimeSpan.FromMilliseconds(300), Max = TimeSpan.FromSeconds(7.5), Jitter = 2 / 3.0, Random = random }
        : new Backoff { Min = Network, Max = Network, Jitter = 1, Random = random };
}
