using ConntrackConsole.Lifecycle;

namespace ConntrackConsole.Components.Text;

/// <summary>State of a rollout; each is drawn differently.</summary>
internal enum RolloutState
{
    Running,
    Finished,
    RolledBack,
    Stuck,
    Abandoned,
}

internal static class RolloutFormatter
{
    public static RolloutState State(this Rollout rollout) =>
        rollout.FinishedMs is not null ? RolloutState.Finished
        : rollout.RolledBackMs is not null ? RolloutState.RolledBack
        : rollout.AbandonedMs is not null ? RolloutState.Abandoned
        : rollout.StuckMs is not null ? RolloutState.Stuck
        : RolloutState.Running;

    /// <summary>Such as "checkout 3 → 4". The revisions of a StatefulSet are its name and a hash; only the hash is shown.</summary>
    public static string Label(this Rollout rollout)
    {
        string to = Short(rollout.Name, rollout.Revision);
        return rollout.FromRevision is { Length: > 0 } from ? $"{rollout.Name} {Short(rollout.Name, from)} → {to}" : $"{rollout.Name} → {to}";
    }

    public static string Name(this RolloutState state) => state switch
    {
        RolloutState.Running => "in progress",
        RolloutState.Finished => "finished",
        RolloutState.RolledBack => "superseded",
        RolloutState.Stuck => "stuck",
        _ => "workload deleted",
    };

    private static string Short(string name, string revision) =>
        revision.StartsWith(name + "-", StringComparison.Ordinal) ? revision[(name.Length + 1)..] : revision;
}
