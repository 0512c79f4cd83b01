namespace ConntrackConsole.Incidents.Records;

/// <summary>Category of a refusal.</summary>
internal enum IncidentRefusalKind
{
    /// <summary>The request is not valid.</summary>
    Invalid,
    /// <summary>The role of the user does not allow it.</summary>
    Role,
    /// <summary>There is no such incident, or it has no such part.</summary>
    NotFound,
    /// <summary>Its state does not allow it.</summary>
    State,
    /// <summary>The console cannot write it.</summary>
    Fault,
}

/// <param name="Code">Stable reason code.</param>
/// <param name="Message">Why, and what to do.</param>
internal sealed record IncidentRefusal(IncidentRefusalKind Kind, string Code, string Message);

/// <summary>The incident as it is now, or why nothing was changed.</summary>
internal sealed record IncidentAnswer(Incident? Incident, IncidentRefusal? Refusal)
{
    /// <summary>The incident was opened by this request.</summary>
    public bool IsNew { get; init; }

    public static IncidentAnswer No(IncidentRefusalKind kind, string code, string message) => new(null, new IncidentRefusal(kind, code, message));
}
