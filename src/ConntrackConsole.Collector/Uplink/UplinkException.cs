namespace ConntrackConsole.Collector.Uplink;

/// <summary>The console or this node's credential rules a connection out; retrying cannot help. The message says what to change.</summary>
internal sealed class UplinkException(string message) : Exception(message);
