using System.Security.Cryptography;
using ConntrackConsole.Configuration;
using ConntrackConsole.Configuration.Keys;
using k8s;
using k8s.Exceptions;

namespace ConntrackConsole.Kubernetes.Client;

/// <summary>
/// The credentials of a pod for its API server: two environment variables, and a folder with a token and the cluster's CA certificate.
/// The client library reads them, and rereads the token every minute (the kubelet replaces it long before it expires; after a rejected
/// token <see cref="ClusterClient"/> reads everything again). This type covers what the library does not: it treats a pod with missing
/// files as "no cluster", and detects an empty token or a CA file without certificates only at the first request, without naming the
/// file.
/// </summary>
/// <param name="Folder">The folder that the library reads.</param>
internal sealed record ServiceAccount(string Folder)
{
    private const string Mounted = "/var/run/secrets/kubernetes.io/serviceaccount";

    public static ServiceAccount OfThisPod() => new(Mounted);

    /// <summary>True if this process runs in a pod, with or without a service account.</summary>
    public static bool IsInCluster =>
        !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("KUBERNETES_SERVICE_HOST"))
        && !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("KUBERNETES_SERVICE_PORT"));

    /// <summary>An error message for the first missing file; null if all files exist.</summary>
    public string? Missing => new[] { Token, Authority }.FirstOrDefault(f => !File.Exists(f)) is { } file
        ? $"The pod has no {file}: set automountServiceAccountToken to true in its spec (deploy/ does), or {ConfigurationKeys.Kubeconfig} to a kubeconfig file."
        : null;

    private string Token => Path.Combine(Folder, "token");

    private string Authority => Path.Combine(Folder, "ca.crt");

    /// <exception cref="StartupException">A file is missing or invalid.</exception>
    public KubernetesClientConfiguration Read()
    {
        if (Missing is { } missing)
            throw new StartupException(StartupErrorCodes.ServiceAccount, missing);
        KubernetesClientConfiguration client;
        try
        {
            if (File.ReadAllText(Token).Trim().Length == 0)
                throw new StartupException(StartupErrorCodes.ServiceAccount, $"{Token} is empty: check that the pod's service account exists, and restart the pod.");
            client = KubernetesClientConfiguration.InClusterConfig();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or KubeConfigException or FormatException)
        {
            throw new StartupException(StartupErrorCodes.ServiceAccount, $"The pod's service account cannot be used ({KubeConfigFile.FirstLine(e)}): check the permissions of {Folder}, or set {ConfigurationKeys.Kubeconfig}.");
        }

        return client.SslCaCerts is { Count: > 0 }
            ? client
            : throw new StartupException(StartupErrorCodes.ServiceAccount, $"{Authority} contains no certificate: check the ConfigMap kube-root-ca.crt of the pod's namespace, or set {ConfigurationKeys.Kubeconfig}.");
    }
}
