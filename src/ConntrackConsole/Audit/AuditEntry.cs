namespace ConntrackConsole.Audit;

/// <param name="What">flush.requested, flush.previewed, flush.refused, flush.approved, flush.completed, flush.cancelled, signin.</param>
/// <param name="Where">Nodes, by comma.</param>
/// <param name="Target">The pod's address.</param>
/// <param name="ActionId">Joins the rows of one action.</param>
public sealed record AuditEntry(
    long Id, DateTimeOffset At, string Who, string? From, string What, string? Where, string? Target, string Why,
    string? Before, string? After, string Result, long? DurationMs, string ActionId)
{
    public string? Session { get; init; }

    public string? Roles { get; init; }

    public string? IncidentId { get; init; }

    /// <summary>What was deleted, entry by entry: JSON. Null in a list that leaves it out.</summary>
    public string? Details { get; init; }

    /// <summary>Whether there is something in <see cref="Details"/>, be it left out or not.</summary>
    public bool HasDetails { get; init; }

    /// <summary>Stable reason code of <see cref="Result"/>; null where there is none, and in rows from before the codes.</summary>
    public string? Code { get; init; }

    public string? Hash { get; init; }

    public string? KeyId { get; init; }

    /// <summary>Somebody acted without the second person.</summary>
    public bool IsBreakGlass => What.Contains("break-glass", StringComparison.OrdinalIgnoreCase);
}

/// <summary>A row before it has a number and a time.</summary>
public sealed record AuditNote(
    string Who, string? From, string What, string? Where, string? Target, string Why, string? Before, string? After,
    string Result, long? DurationMs, string ActionId)
{
    public string? Session { get; init; }

    public string? Roles { get; init; }

    public string? IncidentId { get; init; }

    /// <summary>What was deleted, entry by entry: JSON.</summary>
    public string? Details { get; init; }

    /// <summary>Stable reason code of <see cref="Result"/>, or null.</summary>
    public string? Code { get; init; }
}

/// <summary>Filters that are null let everything through. Newest first.</summary>
public sealed record AuditFilter(
    DateTimeOffset? FromTime = null, DateTimeOffset? ToTime = null, string? Who = null, string? What = null, string? Target = null,
    string? ActionId = null, int Limit = 500, long? BeforeId = null);
