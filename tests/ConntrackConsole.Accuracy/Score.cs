namespace ConntrackConsole.Accuracy;

/// <summary>The counts over all runs.</summary>
/// <param name="Matrix">How often a name was given where a mechanism is true; "none" stands for no name and for nothing that is true.</param>
/// <param name="Right">Runs with the right name.</param>
/// <param name="Missed">Runs of a fault without it.</param>
/// <param name="Wrong">Wrong names.</param>
/// <param name="Calm">Runs of a look-alike without a name.</param>
internal sealed record Score(IReadOnlyDictionary<(string True, string Named), int> Matrix, int Right, int Missed, int Wrong, int Calm, IReadOnlyList<double> Seconds)
{
    public const string None = "none";

    /// <summary>Of the names that were given, those that are right; null without names.</summary>
    public double? Precision => Right + Wrong == 0 ? null : (double)Right / (Right + Wrong);

    /// <summary>Of the faults, those that were named; null without faults.</summary>
    public double? Recall => Right + Missed == 0 ? null : (double)Right / (Right + Missed);

    public static Score Of(IReadOnlyList<RunResult> results)
    {
        var matrix = new Dictionary<(string, string), int>();
        foreach (var result in results.Where(result => !result.IsVoid))
        {
            string code = result.Scenario.Code ?? None;
            if (result.Right)
                Add(code, code);
            foreach (string wrong in result.Wrong)
                Add(code, wrong);
            if (!result.Right && result.Wrong.Count == 0)
                Add(code, None);
        }

        var counted = results.Where(result => !result.IsVoid).ToList();
        return new Score(
            matrix, counted.Count(result => result.Right), counted.Count(result => result.Scenario.Code is not null && !result.Right), results.Sum(result => result.Wrong.Count),
            counted.Count(result => result.Scenario.Code is null && result.Wrong.Count == 0), [.. results.Select(result => result.SecondsToVerdict).OfType<double>().Order()]);

        void Add(string truth, string named) => matrix[(truth, named)] = matrix.GetValueOrDefault((truth, named)) + 1;
    }

    /// <summary>The value at a fraction of the sorted times (nearest rank); null without times.</summary>
    public double? Percentile(double fraction) => Seconds.Count == 0 ? null : Seconds[Math.Max(0, (int)Math.Ceiling(fraction * Seconds.Count) - 1)];
}
