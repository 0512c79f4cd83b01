using System.Text.Json.Serialization;

namespace ConntrackConsole.Wire;

/// <summary>Who set off what stands in a node's journal.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<JournalOrigin>))]
public enum JournalOrigin
{
    /// <summary>An order of the console.</summary>
    Console,
    /// <summary>A command typed on the node.</summary>
    CommandLine,
    /// <summary>The node itself: the time of a change was over.</summary>
    Timer,
}

/// <summary>One act of a node on its own kernel, as its journal has it. A begin without an end is an act that was cut off.</summary>
/// <param name="Number">Counts up from 1 in one journal.</param>
/// <param name="AtMs">When it began, milliseconds of Unix time by the node's clock.</param>
/// <param name="Origin">Who set it off.</param>
/// <param name="ActionId">The action.</param>
/// <param name="Kind">flush, setting or revert.</param>
/// <param name="Target">The pod's address, or the setting's name.</param>
/// <param name="Who">The user: of the console, or of the node.</param>
/// <param name="Reason">Why; null where none was asked for.</param>
/// <param name="Before">Entries listed, or the value before.</param>
/// <param name="After">What became of the entries, or the value after; null where it was cut off.</param>
/// <param name="Result">The sentence about the outcome.</param>
/// <param name="Details">What was deleted, a JSON array of <see cref="FlowEntry"/>; null where nothing was or it is not known.</param>
/// <param name="Failed">It did not do what was asked for.</param>
/// <param name="ChangeId">The action whose change a revert set back, or should have; null otherwise.</param>
/// <param name="Outcome">What became of a setting; null for a flush.</param>
/// <param name="Code">Stable code of a result that is not a complete success; null otherwise, and from collectors without codes.</param>
public sealed record JournalEntry(
    long Number, long AtMs, JournalOrigin Origin, string ActionId, string Kind, string Target, string Who, string? Reason,
    string? Before, string? After, string Result, string? Details, bool Failed, string? ChangeId = null, [property: JsonPropertyName("fate")] SettingOutcome? Outcome = null,
    string? Code = null);

/// <summary>Entries of a node's journal that the console has not acknowledged.</summary>
/// <param name="JournalId">Made with the journal: another one means that the state directory was lost and numbers begin anew.</param>
/// <param name="Entries">In the order of their numbers, at most 50.</param>
public sealed record JournalReport(string JournalId, IReadOnlyList<JournalEntry> Entries);

/// <summary>Asks what a node knows of an action, after a connection or a console was lost.</summary>
/// <param name="ActionId">The action.</param>
public sealed record RecallRequest(string ActionId);

/// <summary>What a node's journal tells of an action.</summary>
/// <param name="ActionId">As asked.</param>
/// <param name="Node">The node.</param>
/// <param name="Known">False: this node never began it, and from now on refuses an order with this id, should one still be on its way.</param>
/// <param name="Flush">Its result where it was a flush.</param>
/// <param name="Setting">Its result where it was a change or a revert.</param>
public sealed record RecallAnswer(string ActionId, string Node, bool Known, FlushResult? Flush, SettingResult? Setting);
