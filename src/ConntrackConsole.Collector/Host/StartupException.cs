namespace ConntrackConsole.Collector.Host;

/// <summary>The daemon cannot start on this node as it is configured. The message says what to change.</summary>
internal sealed class StartupException(string message, Exception? cause = null) : Exception(message, cause);
