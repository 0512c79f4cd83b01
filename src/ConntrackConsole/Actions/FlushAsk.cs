namespace ConntrackConsole.Actions;

/// <summary>Somebody wants to see what a flush of a pod IP would do. A flush always goes to all nodes.</summary>
/// <param name="Reason">May be empty here: the reason is asked for at the confirmation.</param>
/// <param name="ClientAddress">Where the user sits, for the audit log.</param>
public sealed record FlushAsk(string PodIp, string? Reason, string? ClientAddress);
