using ConntrackConsole.Lab;
using ConntrackConsole.Lab.Scenarios;

namespace ConntrackConsole.Accuracy;

/// <summary>One run of a scenario.</summary>
/// <param name="Number">1 for the first run of this scenario in this variant.</param>
internal sealed record ScheduledRun(Scenario Scenario, LabVariant Variant, int Number)
{
    /// <summary>A name for its files.</summary>
    public string Name => Scenario.Name + (Variant == LabVariant.Plain ? "" : "+" + Variant.ToString().Replace(',', '+')) + (Number == 1 ? "" : $"-{Number}");
}

/// <summary>The runs that remain, for labs that take the next one. A lab keeps its variant as long as there is a run of it.</summary>
internal sealed class Schedule
{
    private readonly List<ScheduledRun> _left;
    private readonly Lock _lock = new();

    public Schedule(IReadOnlyList<Scenario> scenarios, IReadOnlyList<LabVariant> variants, int runs) => _left =
    [
        .. from variant in variants
           from number in Enumerable.Range(1, runs)
           from scenario in scenarios
           where scenario.Supports(variant)
           select new ScheduledRun(scenario, variant, number),
    ];

    /// <summary>The next run for a lab of this variant; null if there is none.</summary>
    /// <param name="variant">Null: of any.</param>
    public ScheduledRun? Take(LabVariant? variant)
    {
        lock (_lock)
        {
            int at = _left.FindIndex(run => variant is null || run.Variant == variant);
            if (at < 0)
                return null;
            var taken = _left[at];
            _left.RemoveAt(at);
            return taken;
        }
    }
}
