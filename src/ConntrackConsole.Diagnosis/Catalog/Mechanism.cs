namespace ConntrackConsole.Diagnosis.Catalog;

/// <summary>A way in which connections break, or a condition in which they soon will. The same names are used everywhere.</summary>
/// <param name="Id">Such as M1; "warning" for a condition.</param>
/// <param name="Kind">Which of several kinds of it; empty if there is only one, or if it is not known.</param>
/// <param name="Code">Stable code for programs (<see cref="MechanismCodes"/>).</param>
/// <param name="Title">What happens.</param>
internal sealed record Mechanism(string Id, string Kind, string Code, string Title)
{
    /// <summary>The evidence that a finding needs.</summary>
    public required string Needs { get; init; }

    /// <summary>What would refute a finding.</summary>
    public required string RefutedBy { get; init; }

    /// <summary>What helps, for users.</summary>
    public required string Helps { get; init; }

    public IReadOnlyList<Remedy> Remedies { get; init; } = [];

    public IReadOnlyList<HarmfulRemedy> Harmful { get; init; } = [];

    public bool IsWarning => Id == MechanismCatalog.WarningId;
}
