using ConntrackConsole.Checks.Model;

namespace ConntrackConsole.Checks.Cluster;

/// <summary>From 1.26 on, terminating endpoints that still serve get the traffic if no endpoint is ready.</summary>
internal static class KubernetesVersion
{
    public static readonly CheckName Name = new("kubernetes-version", CheckCodes.KubernetesVersion, "Kubernetes version");

    public static CheckResult Of(CheckContext context, NodeCheckContext node)
    {
        string threshold = $"≥ {context.Limits.Kubernetes}";
        string value = node.Info?.KubeletVersion ?? "";
        var result = Parse(value) is not { } version
            ? Unknown()
            : version < context.Limits.Kubernetes
            ? node.Result(Name, CheckState.Warning, value, threshold, "If no endpoint is ready, connections are refused although terminating pods still serve: a rollout of a single pod interrupts the Service.")
            : node.Result(Name, CheckState.Ok, value, threshold, "If no endpoint is ready, terminating ones that still serve get the traffic.");
        return result with { ReadMs = context.ClusterMs, Commands = [$"kubectl get node {Shell.Word(node.Name)} -o jsonpath='{{.status.nodeInfo.kubeletVersion}}'"] };

        CheckResult Unknown()
        {
            var (code, sentence) = !context.HasCluster ? (UnknownCodes.NoCluster, "Without a cluster the version is unknown.")
                : node.Info is null ? (UnknownCodes.NodeNotInCluster, "The cluster has no node of this name.")
                : (UnknownCodes.VersionUnknown, "The node object has no kubelet version that can be parsed.");
            return node.InsufficientData(Name, code, sentence, value, threshold);
        }
    }

    // v1.36.2, v1.27.3+k3s1, v1.25.16-gke.100: the first two numbers count.
    private static Version? Parse(string text)
    {
        var parts = text.TrimStart('v').Split('.');
        return parts.Length >= 2 && ushort.TryParse(parts[0], out ushort major) && ushort.TryParse(Digits(parts[1]), out ushort minor)
            ? new Version(major, minor)
            : null;
    }

    private static string Digits(string text) => new([.. text.TakeWhile(char.IsAsciiDigit)]);
}
