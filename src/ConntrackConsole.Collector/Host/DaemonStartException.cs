namespace ConntrackConsole.Collector.Host;

/// <summary>The daemon cannot start on this node with this configuration. The message names the cause.</summary>
internal sealed class DaemonStartException(string message, Exception? cause = null) : Exception(message, cause);
