namespace ConntrackConsole.Audit;

/// <param name="What">flush.requested, flush.previewed, flush.refused, flush.approved, flush.completed, flush.cancelled, signin.</param>
/// <param name="Where">Nodes, by comma.</param>
/// <param name="Target">The pod's address.</param>
/// <param name="ActionId">Joins the rows of one action.</param>
public sealed record AuditEntry(
    long Id, DateTimeOffset At, string Who, string? From, string What, string? Where, string? Target, string Why,
    string? Before, string? After, string Result, long? DurationMs, string ActionId);

/// <summary>A row before it has a number and a time.</summary>
public sealed record AuditNote(
    string Who, string? From, string What, string? Where, string? Target, string Why, string? Before, string? After,
    string Result, long? DurationMs, string ActionId);

/// <summary>Filters that are null let everything through. Newest first.</summary>
public sealed record AuditFilter(
    DateTimeOffset? FromTime = null, DateTimeOffset? ToTime = null, string? Who = null, string? What = null, string? Target = null,
    string? ActionId = null, int Limit = 500, long? BeforeId = null);
