using System.Text.Json.Serialization;

namespace ConntrackConsole.Wire;

/// <summary>Asks a node what a setting is now, and whether it may be changed to a value.</summary>
/// <param name="ActionId">Made by the console, unique.</param>
/// <param name="Key">A name of <see cref="SettingCatalog"/>.</param>
/// <param name="Value">The value that somebody wants.</param>
public sealed record SettingRequest(string ActionId, string Key, string Value);

/// <summary>A setting on a node, at the moment of asking.</summary>
/// <param name="ActionId">As asked.</param>
/// <param name="Node">The node.</param>
/// <param name="Key">As asked.</param>
/// <param name="Value">Its value now; null where it cannot be read.</param>
/// <param name="Refusal">The sentence why it may not be changed to that value here, or null.</param>
/// <param name="Open">The change that this node would set back by itself, if there is one.</param>
/// <param name="Detail">What else to know before the click, such as packets that the filter has dropped; or null.</param>
/// <param name="RefusalCode">Stable code of <paramref name="Refusal"/>; null where it is null, and from collectors without codes.</param>
public sealed record SettingReading(
    string ActionId, string Node, string Key, string? Value, string? Refusal, OpenChange? Open, string? Detail,
    string? RefusalCode = null);

/// <summary>A change that the node will set back.</summary>
/// <param name="ActionId">The action that made it.</param>
/// <param name="Key">The setting.</param>
/// <param name="Before">The value before, which it is set back to.</param>
/// <param name="Written">The value that was written.</param>
/// <param name="WrittenAtMs">When, milliseconds of Unix time.</param>
/// <param name="RevertAtMs">When it is set back, milliseconds of Unix time.</param>
public sealed record OpenChange(string ActionId, string Key, string Before, string Written, long WrittenAtMs, long RevertAtMs);

/// <summary>Orders a change of a setting.</summary>
/// <param name="Command">Who, why, until when.</param>
/// <param name="Key">A name of <see cref="SettingCatalog"/>.</param>
/// <param name="Shown">The value that was shown: where it is another now, nothing is done.</param>
/// <param name="Value">The new value.</param>
/// <param name="RevertAfterMs">After this the node sets it back by itself, milliseconds; never 0.</param>
public sealed record SettingNodeCommand([property: JsonPropertyName("order")] NodeCommand Command, string Key, string Shown, string Value, long RevertAfterMs);

/// <summary>Orders that an open change is set back now.</summary>
/// <param name="Command">Who, why, until when; an action of its own.</param>
/// <param name="ChangeId">The action that made the change.</param>
public sealed record RevertNodeCommand([property: JsonPropertyName("order")] NodeCommand Command, string ChangeId);

/// <summary>What became of an order to change a setting, or to set it back.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<SettingOutcome>))]
public enum SettingOutcome
{
    /// <summary>Written and read back; open until it is reverted.</summary>
    Written,
    /// <summary>It had the value already; nothing was done.</summary>
    Already,
    /// <summary>It is not what was shown any more; nothing was done.</summary>
    Moved,
    /// <summary>The old value is back.</summary>
    Reverted,
    /// <summary>Not set back: the value is not the one that was written, so somebody else has changed it since.</summary>
    Drifted,
    /// <summary>Not set back: the node has booted since, and its settings began anew.</summary>
    Void,
    /// <summary>Not set back, because that would hurt now; a person must decide.</summary>
    Withheld,
    /// <summary>The kernel refused, or it could not be read back.</summary>
    Failed,
    /// <summary>A guard of the node refused; nothing was done.</summary>
    Refused,
    /// <summary>The act began and was cut off; the value is what is there now.</summary>
    Unsure,
}

/// <summary>What a node did with a setting.</summary>
/// <param name="ActionId">As ordered.</param>
/// <param name="Node">The node.</param>
/// <param name="Key">The setting.</param>
/// <param name="Outcome">What became of the order.</param>
/// <param name="Before">The value before the act; null where it was not read.</param>
/// <param name="Now">The value after it, read back; null where it cannot be read.</param>
/// <param name="RevertAtMs">When the node sets it back by itself, milliseconds of Unix time; null where it will not.</param>
/// <param name="Sentence">What people should know; never null where the fate is not Written, Already or Reverted.</param>
/// <param name="Code">Stable code of a result that is not a success; null otherwise, and from collectors without codes.</param>
public sealed record SettingResult(
    string ActionId, string Node, string Key, [property: JsonPropertyName("fate")] SettingOutcome Outcome, string? Before, string? Now, long? RevertAtMs, string? Sentence,
    string? Code = null);
