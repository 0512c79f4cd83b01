using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Host;

/// <summary>The daemon cannot start on this node with this configuration. The message names the cause.</summary>
internal sealed class DaemonStartException(string code, string message, Exception? cause = null) : Exception(message, cause)
{
    public Reason Reason { get; } = new(code, message);
}
