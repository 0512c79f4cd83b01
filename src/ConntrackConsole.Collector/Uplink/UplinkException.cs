using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Uplink;

/// <summary>
/// The console refuses this collector, or the node's secret is malformed; retrying cannot help. The message names the cause.
/// </summary>
internal sealed class UplinkException(string code, string message) : Exception(message)
{
    public Reason Reason { get; } = new(code, message);
}
