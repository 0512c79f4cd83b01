namespace ConntrackConsole.Checks.Model;

/// <summary>All results of one round, worst first.</summary>
/// <param name="AtMs">When the round was; 0 before the first.</param>
internal sealed record CheckReport(long AtMs, IReadOnlyList<CheckResult> Results, int Bad, int Warnings)
{
    public static readonly CheckReport None = new(0, [], 0, 0);

    private IReadOnlyDictionary<(string, CheckSubject), CheckResult>? _results;

    public bool HasCluster { get; init; }

    /// <summary>Number of nodes with a reporting collector.</summary>
    public int Reporting { get; init; }

    /// <summary>The result of a check for a subject, or null. Open pages ask for many.</summary>
    public CheckResult? Of(CheckName check, CheckSubject subject) => LazyInitializer.EnsureInitialized(
        ref _results, () => Results.GroupBy(result => (result.Check.Id, result.Subject)).ToDictionary(results => results.Key, results => results.First())).GetValueOrDefault((check.Id, subject));
}
