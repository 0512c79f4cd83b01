namespace ConntrackConsole.Wire;

/// <summary>Who sent a command to a node, and until when it may be executed. Recorded in the node's journal.</summary>
/// <param name="ActionId">Unique; a node answers a repeated id with the first result and does nothing else.</param>
/// <param name="Who">The user who requested the action.</param>
/// <param name="ApprovedBy">
/// The second person who approved it, or null. A node accepts a preview for 60 s without an approval and for 15 min with one.
/// </param>
/// <param name="Reason">The reason that the user gave; never empty.</param>
/// <param name="BreakGlass">The user overrides guards that would refuse otherwise.</param>
/// <param name="ValidUntilMs">After this the node refuses, milliseconds of Unix time by the console's clock.</param>
public sealed record NodeCommand(
    string ActionId, string Who, string? ApprovedBy, string Reason, bool BreakGlass, long ValidUntilMs);
