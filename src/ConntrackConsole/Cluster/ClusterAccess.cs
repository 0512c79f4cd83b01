using ConntrackConsole.Configuration;
using k8s;

namespace ConntrackConsole.Cluster;

/// <summary>How the console reaches the cluster, or why it has none.</summary>
public sealed class ClusterAccess
{
    private readonly KubernetesClientConfiguration? _client;

    private ClusterAccess(KubernetesClientConfiguration? client, string problem)
    {
        _client = client;
        Problem = problem;
    }

    /// <summary>The banner until the first list, or for ever where there is no cluster.</summary>
    public string Problem { get; }

    public bool HasCluster => _client is not null;

    public Kubernetes Connect() => new(_client ?? throw new InvalidOperationException(Problem));

    /// <exception cref="StartFault">A kubeconfig that is not there or cannot be read.</exception>
    public static ClusterAccess Find(KubernetesSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        if (settings.Enabled == false)
            return None($"The cluster is switched off ({Setting.KubernetesEnabled}=false): addresses have no names and nothing can be flushed.");
        if (settings.Kubeconfig is { } path)
            return To(Read(path));
        if (KubernetesClientConfiguration.IsInCluster())
            return To(KubernetesClientConfiguration.InClusterConfig());
        return settings.Enabled == true
            ? throw new StartFault($"{Setting.KubernetesEnabled} is true but there is no cluster here: set {Setting.Kubeconfig} to a kubeconfig file.")
            : None($"No cluster is configured: addresses have no names and nothing can be flushed. Set {Setting.Kubeconfig} to a kubeconfig file and start again.");
    }

    private static ClusterAccess None(string problem) => new(null, problem);

    private static ClusterAccess To(KubernetesClientConfiguration client) => new(client, "Waiting for the first list of the cluster.");

    private static KubernetesClientConfiguration Read(string path)
    {
        if (!File.Exists(path))
            throw new StartFault($"{Setting.Kubeconfig}: the file {Path.GetFullPath(path)} does not exist: give the path of a kubeconfig file.");
        try
        {
            var client = KubernetesClientConfiguration.BuildConfigFromConfigFile(path);
            return Uri.TryCreate(client.Host, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
                ? client
                : throw new StartFault($"{Setting.Kubeconfig}: {Path.GetFullPath(path)} names no server with an http or https address.");
        }
        catch (Exception e) when (e is not StartFault)
        {
            // The library throws many types here (YAML, base64, certificates, missing keys): to the user all mean one thing.
            throw new StartFault(
                $"{Setting.Kubeconfig}: {Path.GetFullPath(path)} cannot be used ({e.Message.Split('\n')[0].TrimEnd('.', ' ')}): check it with 'kubectl --kubeconfig {path} version'.");
        }
    }
}
