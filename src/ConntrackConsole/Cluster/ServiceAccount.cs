using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ConntrackConsole.Configuration;
using k8s;
using k8s.Authentication;

namespace ConntrackConsole.Cluster;

/// <summary>What a pod is given to speak to its API server: two environment variables, and a folder with a token and the cluster's authority.</summary>
/// <param name="Host">KUBERNETES_SERVICE_HOST; null or empty outside of a cluster.</param>
public sealed record ServiceAccount(string Folder, string? Host, string? Port)
{
    private const string Mounted = "/var/run/secrets/kubernetes.io/serviceaccount";

    public static ServiceAccount OfThisPod() => new(
        Mounted, Environment.GetEnvironmentVariable("KUBERNETES_SERVICE_HOST"), Environment.GetEnvironmentVariable("KUBERNETES_SERVICE_PORT"));

    /// <summary>This process runs in a pod, whether it was given an account or not.</summary>
    public bool IsInCluster => !string.IsNullOrEmpty(Host) && !string.IsNullOrEmpty(Port);

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
            throw new StartupException(missing);
        var authorities = new X509Certificate2Collection();
        try
        {
            authorities.ImportFromPemFile(Authority);
            if (File.ReadAllText(Token).Trim().Length == 0)
                throw new StartupException($"{Token} is empty: see that the pod's service account exists, and start the pod anew.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new StartupException($"The pod's service account cannot be used ({KubeConfigFile.Words(e)}): see who may read {Folder}, or set {ConfigurationKeys.Kubeconfig}.");
        }

        if (authorities.Count == 0)
            throw new StartupException($"{Authority} holds no certificate: see the ConfigMap kube-root-ca.crt of the pod's namespace, or set {ConfigurationKeys.Kubeconfig}.");
        string host = Host!.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host;
        return new KubernetesClientConfiguration { Host = $"https://{host}:{Port}", SslCaCerts = authorities, TokenProvider = new RotatingToken(Token) };
    }

    // The kubelet replaces the token long before it expires. There are few requests: each reads it anew.
    private sealed class RotatingToken(string file) : ITokenProvider
    {
        private string _last = "";

        public async Task<AuthenticationHeaderValue> GetAuthenticationHeaderAsync(CancellationToken cancellationToken)
        {
            try
            {
                if ((await File.ReadAllTextAsync(file, cancellationToken)).Trim() is { Length: > 0 } token)
                    _last = token;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Just being replaced, or gone: the one before may serve still, and if not the server says so.
            }

            return new AuthenticationHeaderValue("Bearer", _last);
        }
    }
}
