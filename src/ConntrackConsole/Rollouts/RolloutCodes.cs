using System.ComponentModel;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Rollouts;

/// <summary>Stable codes of a rollout report: its verdict, and what is not known.</summary>
[ReasonCodes("Rollout reports")]
internal static class RolloutCodes
{
    [Description("No more connections broke than the limit allows, and the evidence is complete.")]
    public const string Within = "rollout.within";

    [Description("More connections broke than the limit allows.")]
    public const string Over = "rollout.over";

    [Description("What was seen is within the limit, but the evidence is not complete.")]
    public const string Insufficient = "rollout.insufficient";

    [Description("The rollout has not ended.")]
    public const string InProgress = "rollout.in_progress";

    [Description("Pods that the rollout replaces have not ended.")]
    public const string PodsTerminating = "rollout.pods_terminating";

    [Description("Pods have just ended: resets and hanging connections are reported some time later.")]
    public const string EvidencePending = "rollout.evidence_pending";

    [Description("No termination of a pod by this rollout was seen.")]
    public const string NoTerminations = "rollout.no_terminations";

    [Description("The console did not watch the cluster during a part of the rollout.")]
    public const string Unwatched = "rollout.unwatched";

    [Description("Frames of a part of the window are not stored.")]
    public const string FramesMissing = "rollout.frames_missing";

    [Description("The data of a node has a gap within the window.")]
    public const string DataGap = "rollout.data_gap";

    [Description("A node of the cluster did not report within the window.")]
    public const string NodeUnobserved = "rollout.node_unobserved";

    [Description("A node has no source of resets.")]
    public const string ResetsUnseen = "rollout.resets_unseen";

    [Description("Something at the address of a terminated pod points to a mechanism that cannot be proved.")]
    public const string Undecided = "rollout.undecided";

    [Description("The console knows no rollout of the workload, or none since the given time.")]
    public const string NotFound = "rollout.not_found";

    [Description("rollout check: the console cannot be reached, or rejects the session.")]
    public const string ConsoleUnavailable = "rollout.console_unavailable";

    [Description("rollout check: the rollout did not end, or its evidence was not complete, within the time of --wait.")]
    public const string WaitElapsed = "rollout.wait_elapsed";
}
