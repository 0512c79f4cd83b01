using ConntrackConsole.Lab.Incidents;

namespace ConntrackConsole.Lab.Scenarios;

/// <summary>A rolling update with the faults of several: its pods end differently, and those that follow them may send bad segments.</summary>
internal sealed class MixedRollout(string name, params Scenario[] parts) : RolloutScenario
{
    public override string Name => name;

    public override string Summary => $"in one rolling update: {string.Join(", ", (IEnumerable<Scenario>)parts)}";

    public override IReadOnlyList<Scenario> Parts => parts;

    public override bool Supports(LabVariant variant) => parts.All(part => part.Supports(variant));

    public override IReadOnlyList<Ending> Endings(IReadOnlyList<LabPod> replaced, GroundTruth truth)
    {
        bool vanishes = parts.Contains(ScenarioRegistry.Blackhole), exits = parts.Contains(ScenarioRegistry.EarlyExit);
        var used = replaced.OrderByDescending(pod => truth.ConnectionsTo(pod.Ip).DefaultIfEmpty().Min()).ToList();
        return [.. replaced.Select(pod => vanishes && pod == used[0] ? Ending.Vanish : exits && pod == used[1] ? Ending.ExitImmediately : Ending.Drain)];
    }

    public override Scenario CauseOf(Ending ending) => ending == Ending.Vanish ? ScenarioRegistry.Blackhole : ScenarioRegistry.EarlyExit;

    public override Task AfterAsync(RollingUpdate update) => parts.Contains(ScenarioRegistry.Invalid) ? ScenarioRegistry.Invalid.AfterAsync(update) : Task.CompletedTask;
}
