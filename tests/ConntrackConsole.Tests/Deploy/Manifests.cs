using k8s;
using k8s.Models;

namespace ConntrackConsole.Tests.Deploy;

/// <summary>The manifests of deploy/base, each document parsed strictly: an unknown or misspelt field is an error.</summary>
internal static class Manifests
{
    public static readonly string Root = FindRoot();

    public static readonly string Folder = Path.Combine(Root, "deploy", "base");

    private static readonly Dictionary<string, Type> Types = new()
    {
        ["v1/Namespace"] = typeof(V1Namespace),
        ["v1/ServiceAccount"] = typeof(V1ServiceAccount),
        ["v1/Service"] = typeof(V1Service),
        ["v1/PersistentVolumeClaim"] = typeof(V1PersistentVolumeClaim),
        ["apps/v1/Deployment"] = typeof(V1Deployment),
        ["apps/v1/DaemonSet"] = typeof(V1DaemonSet),
        ["rbac.authorization.k8s.io/v1/ClusterRole"] = typeof(V1ClusterRole),
        ["rbac.authorization.k8s.io/v1/ClusterRoleBinding"] = typeof(V1ClusterRoleBinding),
        ["networking.k8s.io/v1/NetworkPolicy"] = typeof(V1NetworkPolicy),
        ["monitoring.coreos.com/v1/ServiceMonitor"] = typeof(ServiceMonitor),
        ["monitoring.coreos.com/v1/PrometheusRule"] = typeof(PrometheusRule),
    };

    /// <summary>The files that are manifests.</summary>
    public static IReadOnlyList<string> Files { get; } =
        [.. Directory.GetFiles(Folder, "*.yaml").Where(file => Path.GetFileName(file) != "kustomization.yaml").Order(StringComparer.Ordinal)];

    public static IReadOnlyList<object> All { get; } = [.. Files.SelectMany(Load)];

    public static IEnumerable<object> Load(string file) => Parse(File.ReadAllText(file));

    public static IEnumerable<object> Parse(string text) => KubernetesYaml.LoadAllFromString(text, Types, strict: true);

    public static T Single<T>() => All.OfType<T>().Single();

    private static string FindRoot()
    {
        string folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "ConntrackConsole.sln")))
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The tests do not run inside the tree.");
        return folder;
    }
}
