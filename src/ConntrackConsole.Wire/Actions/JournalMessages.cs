using System.Text.Json.Serialization;

namespace ConntrackConsole.Wire;

/// <summary>What caused an entry of a node's journal.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<JournalOrigin>))]
public enum JournalOrigin
{
    /// <summary>A command from the console.</summary>
    Console,
    /// <summary>A command entered on the node.</summary>
    CommandLine,
    /// <summary>The node itself: a change expired.</summary>
    Timer,
}

/// <summary>One operation of a node on its own kernel, as recorded in its journal. A begin without an end is an operation that was interrupted.</summary>
/// <param name="Number">Counts from 1 within one journal.</param>
/// <param name="AtMs">Start time, milliseconds of Unix time by the node's clock.</param>
/// <param name="Origin">What caused it.</param>
/// <param name="ActionId">The action.</param>
/// <param name="Kind">flush, setting or revert.</param>
/// <param name="Target">The pod address or the name of the setting.</param>
/// <param name="Who">The user of the console or of the node.</param>
/// <param name="Reason">The reason; null if none was required.</param>
/// <param name="Before">Number of listed entries, or the previous value.</param>
/// <param name="After">Result for the entries, or the new value; null if interrupted.</param>
/// <param name="Result">Message about the outcome.</param>
/// <param name="Details">The deleted entries as a JSON array of <see cref="FlowEntry"/>; null if nothing was deleted or the entries are unknown.</param>
/// <param name="Failed">The operation did not do what was requested.</param>
/// <param name="ChangeId">For a revert, the action that made the change; null otherwise.</param>
/// <param name="Outcome">Outcome of a setting change; null for a flush.</param>
/// <param name="Code">Stable code of a result that is not a complete success; null otherwise, and from collectors without codes.</param>
public sealed record JournalEntry(
    long Number, long AtMs, JournalOrigin Origin, string ActionId, string Kind, string Target, string Who, string? Reason,
    string? Before, string? After, string Result, string? Details, bool Failed, string? ChangeId = null, [property: JsonPropertyName("fate")] SettingOutcome? Outcome = null,
    string? Code = null);

/// <summary>Entries of a node's journal that the console has not acknowledged.</summary>
/// <param name="JournalId">Generated with the journal; a different one means that the state directory was lost and the numbering restarted.</param>
/// <param name="Entries">Ordered by number, at most 50.</param>
public sealed record JournalReport(string JournalId, IReadOnlyList<JournalEntry> Entries);

/// <summary>Requests what a node knows about an action after a connection or a console was lost.</summary>
/// <param name="ActionId">The action.</param>
public sealed record RecallRequest(string ActionId);

/// <summary>What a node's journal contains about an action.</summary>
/// <param name="ActionId">From the request.</param>
/// <param name="Node">The node.</param>
/// <param name="Known">False: this node never began it, and rejects a command with this id that may still be in transit.</param>
/// <param name="Flush">Its result if it was a flush.</param>
/// <param name="Setting">Its result if it was a setting change or a revert.</param>
public sealed record RecallAnswer(string ActionId, string Node, bool Known, FlushResult? Flush, SettingResult? Setting);
