namespace ConntrackConsole.Wire;

/// <summary>Who ordered something of a node, and until when the order may be carried out. Goes into the node's journal.</summary>
/// <param name="ActionId">Unique; a node answers a repeated id with its first result and does nothing again.</param>
/// <param name="Who">The user who asked.</param>
/// <param name="ApprovedBy">
/// The second person who approved, or null. Without one a node takes a list of entries for 60 s after it was shown, with one for 15 min.
/// </param>
/// <param name="Reason">The sentence that the user gave; never empty.</param>
/// <param name="BreakGlass">The user took the responsibility for what guards would refuse otherwise.</param>
/// <param name="ValidUntilMs">After this the node refuses, milliseconds of Unix time by the console's clock.</param>
public sealed record NodeCommand(
    string ActionId, string Who, string? ApprovedBy, string Reason, bool BreakGlass, long ValidUntilMs);
