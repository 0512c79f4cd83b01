using ConntrackConsole.Configuration;
using k8s;

namespace ConntrackConsole.Kubernetes.Client;

/// <summary>How the console reaches the cluster, or why it has none.</summary>
internal sealed class ClusterAccess
{
    private readonly KubernetesClientConfiguration? _client;
    private readonly Func<KubernetesClientConfiguration>? _read;

    private ClusterAccess(string problem) => Problem = problem;

    private ClusterAccess(Func<KubernetesClientConfiguration> read)
        : this("Waiting for the first list of the cluster.")
    {
        _read = () => Asking(read());
        _client = _read();
    }

    /// <summary>The banner until the first list, or for ever where there is no cluster.</summary>
    public string Problem { get; }

    public bool HasCluster => _client is not null;

    public k8s.Kubernetes Connect() => new(_client ?? throw new InvalidOperationException(Problem));

    /// <summary>As <see cref="Connect"/>, with the file read and its exec plugin asked again.</summary>
    /// <exception cref="StartupException">It can no longer be used.</exception>
    public k8s.Kubernetes Renew() => new((_read ?? throw new InvalidOperationException(Problem))());

    /// <param name="account">Null: this pod's own. Used only in a pod.</param>
    /// <exception cref="StartupException">A kubeconfig or service account that is not there or cannot be used.</exception>
    internal static ClusterAccess Find(KubernetesOptions settings, ServiceAccount? account = null)
    {
        ArgumentNullException.ThrowIfNull(settings);
        if (settings.Enabled == false)
            return new($"The cluster is switched off ({ConfigurationKeys.KubernetesEnabled}=false): addresses have no names and nothing can be flushed.");
        if (settings.Kubeconfig is { } path)
            return new(() => KubeConfigFile.Read(path, settings.Context));
        if (ServiceAccount.IsInCluster)
        {
            account ??= ServiceAccount.OfThisPod();
            return account.Missing is { } missing && settings.Enabled != true
                ? new($"No cluster can be asked: addresses have no names and nothing can be flushed. {missing}")
                : new(account.Read);
        }

        return settings.Enabled == true
            ? throw new StartupException(StartupErrorCodes.ClusterMissing, $"{ConfigurationKeys.KubernetesEnabled} is true but there is no cluster here: set {ConfigurationKeys.Kubeconfig} to a kubeconfig file.")
            : new($"No cluster is configured: addresses have no names and nothing can be flushed. Set {ConfigurationKeys.Kubeconfig} to a kubeconfig file and start again.");
    }

    // A connection that a firewall forgot never ends by itself, and an idle watch says nothing for a minute: the other end is
    // asked (HTTP/2 PING), so that ten seconds are the most for which a dead watch looks alive.
    private static KubernetesClientConfiguration Asking(KubernetesClientConfiguration client)
    {
        client.FirstMessageHandlerSetup = handler =>
        {
            handler.KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests;
            handler.KeepAlivePingDelay = TimeSpan.FromSeconds(5);
            handler.KeepAlivePingTimeout = TimeSpan.FromSeconds(5);
        };
        return client;
    }
}
