using ConntrackConsole.Configuration;
using ConntrackConsole.Configuration.Keys;
using k8s;

namespace ConntrackConsole.Kubernetes.Client;

/// <summary>How the console accesses the cluster, or why it has none.</summary>
internal sealed class ClusterAccess
{
    private readonly KubernetesClientConfiguration? _configuration;
    private readonly Func<KubernetesClientConfiguration>? _readConfiguration;

    private ClusterAccess(string problem) => Problem = problem;

    private ClusterAccess(Func<KubernetesClientConfiguration> read)
        : this("Waiting for the first list of the cluster.")
    {
        _readConfiguration = () => WithKeepAlive(read());
        _configuration = _readConfiguration();
    }

    /// <summary>The text of the banner until the first list completes, or permanently if there is no cluster.</summary>
    public string Problem { get; }

    public bool HasCluster => _configuration is not null;

    public k8s.Kubernetes Connect() => new(_configuration ?? throw new InvalidOperationException(Problem));

    /// <summary>Like <see cref="Connect"/>, but reads the file and runs its exec plugin again.</summary>
    /// <exception cref="StartupException">The configuration is no longer valid.</exception>
    public k8s.Kubernetes Renew() => new((_readConfiguration ?? throw new InvalidOperationException(Problem))());

    /// <param name="account">Null for this pod's own. Used only inside a pod.</param>
    /// <exception cref="StartupException">The kubeconfig or service account is missing or invalid.</exception>
    internal static ClusterAccess Find(KubernetesOptions settings, ServiceAccount? account = null)
    {
        ArgumentNullException.ThrowIfNull(settings);
        if (settings.Enabled == false)
            return new($"Cluster access is disabled ({ConfigurationKeys.KubernetesEnabled}=false): addresses have no names and nothing can be flushed.");
        if (settings.Kubeconfig is { } path)
            return new(() => KubeConfigFile.Read(path, settings.Context));
        if (ServiceAccount.IsInCluster)
        {
            account ??= ServiceAccount.OfThisPod();
            return account.Missing is { } missing && settings.Enabled != true
                ? new($"The cluster is not accessible: addresses have no names and nothing can be flushed. {missing}")
                : new(account.Read);
        }

        return settings.Enabled == true
            ? throw new StartupException(StartupErrorCodes.ClusterMissing, $"{ConfigurationKeys.KubernetesEnabled} is true but no cluster is configured: set {ConfigurationKeys.Kubeconfig} to a kubeconfig file.")
            : new($"No cluster is configured: addresses have no names and nothing can be flushed. Set {ConfigurationKeys.Kubeconfig} to a kubeconfig file and restart the console.");
    }

    // A connection that a firewall dropped never closes on its own, and an idle watch receives nothing for a minute: HTTP/2 PING
    // detects a dead watch within ten seconds.
    private static KubernetesClientConfiguration WithKeepAlive(KubernetesClientConfiguration client)
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
