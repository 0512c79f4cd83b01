namespace ConntrackConsole.Audit;

/// <param name="What">flush.requested, flush.previewed, flush.refused, flush.approved, flush.completed, flush.cancelled, signin.</param>
/// <param name="Where">Nodes, separated by commas.</param>
/// <param name="Target">The pod address or the setting.</param>
/// <param name="ActionId">Common to all rows of one action.</param>
public sealed record AuditEntry(
    long Id, DateTimeOffset At, string Who, string? From, string What, string? Where, string? Target, string Why,
    string? Before, string? After, string Result, long? DurationMs, string ActionId)
{
    public string? Session { get; init; }

    public string? Roles { get; init; }

    public string? IncidentId { get; init; }

    /// <summary>The deleted entries as JSON. Null in lists that omit it.</summary>
    public string? Details { get; init; }

    /// <summary>Whether the row has <see cref="Details"/>, even if they are omitted here.</summary>
    public bool HasDetails { get; init; }

    /// <summary>Stable reason code of <see cref="Result"/>; null if there is no code, and in rows from before codes existed.</summary>
    public string? Code { get; init; }

    public string? Hash { get; init; }

    public string? KeyId { get; init; }

    /// <summary>An action without the required second person.</summary>
    public bool IsBreakGlass => What.Contains("break-glass", StringComparison.OrdinalIgnoreCase);
}

/// <summary>A row to be appended, without number and time.</summary>
internal sealed record AuditNote(
    string Who, string? From, string What, string? Where, string? Target, string Why, string? Before, string? After,
    string Result, long? DurationMs, string ActionId)
{
    public string? Session { get; init; }

    public string? Roles { get; init; }

    public string? IncidentId { get; init; }

    /// <summary>The deleted entries as JSON.</summary>
    public string? Details { get; init; }

    /// <summary>Stable reason code of <see cref="Result"/>, or null.</summary>
    public string? Code { get; init; }
}

/// <summary>A null filter matches everything. Newest first.</summary>
public sealed record AuditFilter(
    DateTimeOffset? FromTime = null, DateTimeOffset? ToTime = null, string? Who = null, string? What = null, string? Target = null,
    string? ActionId = null, int Limit = 500, long? BeforeId = null);
