using System.Security.Cryptography;
using ConntrackConsole.Configuration;
using k8s;
using k8s.Exceptions;

namespace ConntrackConsole.Kubernetes.Client;

/// <summary>
/// What a pod is given to speak to its API server: two environment variables, and a folder with a token and the cluster's authority.
/// The client library reads them, and the token once a minute again (the kubelet replaces it long before it expires; a refused one
/// makes <see cref="ClusterClient"/> read everything again). This layer is here for what the library does not do: it takes a pod whose
/// files are missing for "no cluster", and notices an empty token or an authority without certificates at the first request only,
/// without saying which file it was.
/// </summary>
/// <param name="Folder">Where the library looks.</param>
internal sealed record ServiceAccount(string Folder)
{
    private const string Mounted = "/var/run/secrets/kubernetes.io/serviceaccount";

    public static ServiceAccount OfThisPod() => new(Mounted);

    /// <summary>This process runs in a pod, whether it was given an account or not.</summary>
    public static bool IsInCluster =>
        !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("KUBERNETES_SERVICE_HOST"))
        && !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("KUBERNETES_SERVICE_PORT"));

    /// <summary>Null where everything is there; else the sentence that says what is not.</summary>
    public string? Missing => new[] { Token, Authority }.FirstOrDefault(f => !File.Exists(f)) is { } file
        ? $"The pod has no {file}: set automountServiceAccountToken to true in its spec (deploy/ does), or {ConfigurationKeys.Kubeconfig} to a kubeconfig file."
        : null;

    private string Token => Path.Combine(Folder, "token");

    private string Authority => Path.Combine(Folder, "ca.crt");

    /// <exception cref="StartupException">A file is not there or cannot be used.</exception>
    public KubernetesClientConfiguration Read()
    {
        if (Missing is { } missing)
            throw new StartupException(StartupErrorCodes.ServiceAccount, missing);
        KubernetesClientConfiguration client;
        try
        {
            if (File.ReadAllText(Token).Trim().Length == 0)
                throw new StartupException(StartupErrorCodes.ServiceAccount, $"{Token} is empty: see that the pod's service account exists, and start the pod again.");
            client = KubernetesClientConfiguration.InClusterConfig();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or KubeConfigException or FormatException)
        {
            throw new StartupException(StartupErrorCodes.ServiceAccount, $"The pod's service account cannot be used ({KubeConfigFile.Words(e)}): see who may read {Folder}, or set {ConfigurationKeys.Kubeconfig}.");
        }

        return client.SslCaCerts is { Count: > 0 }
            ? client
            : throw new StartupException(StartupErrorCodes.ServiceAccount, $"{Authority} holds no certificate: see the ConfigMap kube-root-ca.crt of the pod's namespace, or set {ConfigurationKeys.Kubeconfig}.");
    }
}
