namespace ConntrackConsole.Audit;

/// <summary>The audit log cannot be written. The message explains to the user what is wrong and what to do.</summary>
internal sealed class AuditUnavailableException(string message) : Exception(message);
