namespace ConntrackConsole.Collector.Uplink;

/// <summary>
/// The console refuses this collector, or the node's secret is malformed; retrying cannot help. The message names the cause.
/// </summary>
internal sealed class UplinkException(string message) : Exception(message);
