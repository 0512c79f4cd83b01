using ConntrackConsole.Checks.Model;
using ConntrackConsole.Cluster.State;

namespace ConntrackConsole.Checks.Cluster;

/// <summary>Whether each kind of object is known: if a kind may not be listed, the features that need it are unavailable and report it.</summary>
internal static class ClusterData
{
    public static readonly CheckName Name = new("cluster-data", CheckCodes.ClusterData, "Cluster data");

    private static readonly Dictionary<string, string> Groups = new(StringComparer.OrdinalIgnoreCase)
    {
        ["endpointslices"] = "endpointslices.discovery.k8s.io", ["deployments"] = "deployments.apps", ["replicasets"] = "replicasets.apps",
        ["statefulsets"] = "statefulsets.apps", ["daemonsets"] = "daemonsets.apps",
    };

    public static CheckResult Of(CheckContext context, KindStatus kind)
    {
        var limit = TimeSpan.FromMilliseconds(context.Limits.ClusterOldMs);
        bool known = kind.Age != TimeSpan.MaxValue;
        long? readMs = known ? context.NowMs - (long)kind.Age.TotalMilliseconds : null;
        string resource = Shell.Word(Groups.GetValueOrDefault(kind.Kind, kind.Kind.ToLowerInvariant()));
        var (state, value, sentence) = kind switch
        {
            { Problem: { } problem } => (CheckState.Warning, kind.Listed ? "not followed" : "not listed", problem),
            { Listed: false } => (CheckState.InsufficientData, "", "Not listed yet."),
            _ when kind.Age > limit => (CheckState.Warning, "old", "The watch has stopped responding: the displayed data may be outdated."),
            _ => (CheckState.Ok, "followed", "Listed, and the watch responds."),
        };
        return new CheckResult(Name, CheckSubject.OfKind(kind.Kind), state, value, $"≤ {limit.TotalSeconds:0} s old", sentence)
        {
            UnknownCode = state == CheckState.InsufficientData ? UnknownCodes.ClusterNotListed : null,
            ReadMs = readMs, SinceMs = state == CheckState.Warning ? readMs : null,
            Commands = [$"kubectl auth can-i list {resource} --all-namespaces", $"kubectl get {resource} -A --chunk-size=1 -o name | head -1"],
        };
    }
}
