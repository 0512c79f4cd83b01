namespace ConntrackConsole.Audit;

/// <summary>The log takes no row. The message is what the user reads: what is wrong and what to do.</summary>
internal sealed class AuditUnavailableException(string message) : Exception(message);
