using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Journal;

/// <summary>Type of a journal line.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<JournalPhase>))]
internal enum JournalPhase
{
    /// <summary>The first line: the journal's id and how often it was rewritten.</summary>
    [JsonStringEnumMemberName("journal")]
    Journal,
    /// <summary>Written before an action.</summary>
    [JsonStringEnumMemberName("begin")]
    Begin,
    /// <summary>Written after an action.</summary>
    [JsonStringEnumMemberName("end")]
    End,
    /// <summary>The console queried the action before it arrived: it must not begin any more.</summary>
    [JsonStringEnumMemberName("fence")]
    Fence,
    /// <summary>The console has everything up to this number.</summary>
    [JsonStringEnumMemberName("told")]
    Reported,
}

/// <summary>A line of the journal. All lines have one format, which works with grep.</summary>
internal sealed record JournalLine
{
    public required JournalPhase Phase { get; init; }

    public required DateTimeOffset At { get; init; }

    public string? JournalId { get; init; }

    public int? Generation { get; init; }

    public long? Number { get; init; }

    public string? ActionId { get; init; }

    public JournalOrigin? Origin { get; init; }

    public JournalKind? Kind { get; init; }

    public string? Target { get; init; }

    public string? Who { get; init; }

    public string? ApprovedBy { get; init; }

    public string? Reason { get; init; }

    /// <summary>Number of listed entries, or the previous value.</summary>
    public string? Before { get; init; }

    /// <summary>What a flush selects, by the name of its preset; null in lines of older versions. Text, so that a name of a newer version keeps the line readable.</summary>
    public string? Preset { get; init; }

    /// <summary>The restriction of a flush; null = none, or a line of an older version.</summary>
    public FlushScope? Scope { get; init; }

    /// <summary>The state of the address's owner by which a flush selected its entries; null in lines of older versions.</summary>
    public string? Owner { get; init; }

    /// <summary>The value to write.</summary>
    public string? Wanted { get; init; }

    /// <summary>When a change is reverted.</summary>
    public long? RevertAtMs { get; init; }

    /// <summary>The kernel's boot id when a change was made.</summary>
    public string? BootId { get; init; }

    /// <summary>The change that a revert undoes.</summary>
    public string? ChangeId { get; init; }

    public FlushResult? Flush { get; init; }

    public SettingResult? Setting { get; init; }

    public IReadOnlyList<FlowEntry>? Deleted { get; init; }

    /// <summary>Parses a line; false for one that this program did not write.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, [NotNullWhen(true)] out JournalLine? line)
    {
        line = null;
        try
        {
            line = JsonSerializer.Deserialize(text, JournalJson.Default.JournalLine);
        }
        catch (JsonException)
        {
            return false;
        }

        if (line is not null && line.IsWhole)
            return true;
        line = null;
        return false;
    }

    public byte[] ToBytes() => [.. JsonSerializer.SerializeToUtf8Bytes(this, JournalJson.Default.JournalLine), (byte)'\n'];

    private bool IsWhole => Phase switch
    {
        JournalPhase.Journal => JournalId is { Length: > 0 } && Generation is >= 0,
        JournalPhase.Begin => Number is > 0 && ActionId is { Length: > 0 } && Origin is { } origin && Enum.IsDefined(origin)
            && Kind is { } kind && Enum.IsDefined(kind) && Target is not null && Who is not null
            && (Kind != JournalKind.Setting || (Before is not null && Wanted is not null && RevertAtMs is not null && BootId is not null))
            && (Kind != JournalKind.Revert || ChangeId is not null),
        JournalPhase.End => ActionId is { Length: > 0 } && Flush is null != Setting is null
            && Flush is null or { ActionId: not null, Node: not null, Errors: not null, EntryOutcomes: not null }
            && Setting is null or { ActionId: not null, Node: not null, Key: not null },
        JournalPhase.Fence => ActionId is { Length: > 0 },
        JournalPhase.Reported => Number is >= 0,
        _ => false,
    };
}

/// <summary>Type of a journaled action.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<JournalKind>))]
internal enum JournalKind
{
    [JsonStringEnumMemberName("flush")]
    Flush,
    [JsonStringEnumMemberName("setting")]
    Setting,
    [JsonStringEnumMemberName("revert")]
    Revert,
}

/// <summary>JSON of the journal. Absent members are omitted, so no constructor parameter can be required.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(JournalLine))]
internal sealed partial class JournalJson : JsonSerializerContext;
