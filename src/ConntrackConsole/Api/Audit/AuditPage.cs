namespace ConntrackConsole.Api.Audit;

/// <summary>Schema of a page of the audit log for the OpenAPI document; a test compares it with the actual output.</summary>
/// <param name="Continue">The token of the next page; null on the last.</param>
internal sealed record AuditPage(IReadOnlyList<AuditRowView> Items, string? Continue);

/// <summary>One row of the audit log with every hashed column.</summary>
internal sealed record AuditRowView(
    long Id, string At, string Who, string? From, string? Session, string? Roles, string What, string? Where, string? Target, string Why,
    string? Before, string? After, string Result, long? DurationMs, string ActionId, string? IncidentId, string? Details, string? Code, string? Hash, string? KeyId);
