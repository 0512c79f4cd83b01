using ConntrackConsole.Cluster.Model;

namespace ConntrackConsole.Lifecycle;

/// <summary>
/// Rollouts of Argo Rollouts. Their own object is not watched: a rollout is in progress while a ReplicaSet of the same owner with an
/// older revision still has or wants pods. The number of the revision is an annotation on each ReplicaSet.
/// </summary>
internal sealed partial class RolloutLog
{
    private const string ArgoKind = nameof(WorkloadKind.Rollout);

    // By the uid of the owner, then by their own.
    private readonly Dictionary<string, Dictionary<string, WorkloadInfo>> _argoSets = [];

    private string? FollowArgoSet(WorkloadInfo set, OwnerRef owner, bool deleted, long nowMs, TimeRange? listed)
    {
        if (!_argoSets.TryGetValue(owner.Uid, out var sets))
            _argoSets[owner.Uid] = sets = [];
        if (deleted)
            sets.Remove(set.Uid);
        else
            sets[set.Uid] = set;
        var tracker = TrackerOf(owner.Uid);
        if (sets.Count == 0)
        {
            _argoSets.Remove(owner.Uid);
            return Forget(owner.Uid, nowMs, listed);
        }

        var newest = sets.Values.MaxBy(s => (long.TryParse(s.Revision, out long number) ? number : 0, s.CreatedMs))!;
        string revision = RevisionOf(newest);
        var former = sets.Values.Where(s => s.Uid != newest.Uid && s.Desired + s.Replicas > 0).MaxBy(s => s.CreatedMs);
        bool changed = false;
        if (former is not null && (Latest(tracker) is not { } last || last.Revision != revision))
        {
            Start(tracker, Stub(set, owner, revision), revision, RevisionOf(former), nowMs, listed);
            changed = true;
        }

        tracker.Revision = revision;
        if (Latest(tracker) is not { IsOpen: true } open || open.Revision != revision)
            return changed ? owner.Uid : null;
        var next = open with { TemplateHash = open.TemplateHash ?? newest.TemplateHash };
        if (newest.Ready > 0)
            next = Surged(next, nowMs);
        if (former is null && newest.Desired > 0 && newest.Available >= newest.Desired)
            next = next with { FinishedMs = nowMs };
        Put(tracker, open, next, nowMs, listed);
        return changed || next.FinishedMs is not null || next.TemplateHash != open.TemplateHash ? owner.Uid : null;
    }

    private static string RevisionOf(WorkloadInfo set) => set.Revision ?? set.TemplateHash ?? set.Name;

    private static WorkloadInfo Stub(WorkloadInfo set, OwnerRef owner, string? revision) => new(
        WorkloadKind.Rollout, owner.Uid, set.Namespace, owner.Name, null, revision, null, 0, 0, 0, 0, 0, 0, 0, 0, null);
}
