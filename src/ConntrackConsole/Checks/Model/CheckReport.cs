namespace ConntrackConsole.Checks.Model;

/// <summary>All results of one round, worst first.</summary>
/// <param name="AtMs">When the round was; 0 before the first.</param>
internal sealed record CheckReport(long AtMs, IReadOnlyList<CheckResult> Results, int Bad, int Warnings)
{
    public static readonly CheckReport None = new(0, [], 0, 0);

    public bool HasCluster { get; init; }

    /// <summary>Number of nodes with a reporting collector.</summary>
    public int Reporting { get; init; }
}
