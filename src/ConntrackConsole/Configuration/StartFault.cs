namespace ConntrackConsole.Configuration;

/// <summary>The console cannot start. The message is what the user reads: what is wrong and what to do.</summary>
public sealed class StartFault(string message) : Exception(message);
