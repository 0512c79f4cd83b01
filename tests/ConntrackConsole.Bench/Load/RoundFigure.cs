namespace ConntrackConsole.Bench.Load;

/// <summary>A figure of one round or of several.</summary>
/// <param name="Value">The median of the rounds.</param>
/// <param name="Detail">Of the round that has the median or the next lower value.</param>
internal sealed record RoundFigure(string What, double Value, double Min, double Max, string Unit, string Detail)
{
    /// <summary>The figures of the rounds by name, in the first one's order; NaN counts as the highest value: it was not reached.</summary>
    public static IReadOnlyList<RoundFigure> Of(IEnumerable<IReadOnlyList<(string What, double Value, string Unit, string Detail)>> rounds) =>
        [.. rounds.SelectMany(round => round).GroupBy(figure => figure.What).Select(Of)];

    private static RoundFigure Of(IGrouping<string, (string What, double Value, string Unit, string Detail)> rounds)
    {
        var sorted = rounds.OrderBy(figure => double.IsNaN(figure.Value)).ThenBy(figure => figure.Value).ToList();
        var (lower, upper) = (sorted[(sorted.Count - 1) / 2], sorted[sorted.Count / 2]);
        return new RoundFigure(rounds.Key, (lower.Value + upper.Value) / 2, sorted[0].Value, sorted[^1].Value, lower.Unit, lower.Detail);
    }
}
