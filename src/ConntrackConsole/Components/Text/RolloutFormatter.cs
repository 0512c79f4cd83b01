
using ConntrackConsole.Lifecycle;

namespace ConntrackConsole.Components.Text;

/// <summary>How far a rollout came; each is drawn differently.</summary>
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

    /// <summary>Such as "checkout 3 → 4". A StatefulSet's revisions are its own name and a hash: only the hash tells.</summary>
    public static string Label(this Rollout rollout)
    {
        string to = Short(rollout.Name, rollout.Revision);
        return rollout.FromRevision is { Length: > 0 } from ? $"{rollout.Name} {Short(rollout.Name, from)} → {to}" : $"{rollout.Name} → {to}";
    }

    public static string Words(this RolloutState state) => state switch
    {
        RolloutState.Running => "under way",
        RolloutState.Finished => "finished",
        RolloutState.RolledBack => "given up for another revision",
        RolloutState.Stuck => "stuck: ProgressDeadlineExceeded",
        _ => "its workload was deleted",
    };

    private static string Short(string name, string revision) =>
        revision.StartsWith(name + "-", StringComparison.Ordinal) ? revision[(name.Length + 1)..] : revision;
}
