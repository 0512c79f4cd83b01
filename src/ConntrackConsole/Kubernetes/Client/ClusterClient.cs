using System.Net;
using System.Text.Json;
using ConntrackConsole.Configuration;

namespace ConntrackConsole.Kubernetes.Client;

/// <summary>The connection that all kinds share; recreated when the API server no longer accepts its credentials.</summary>
internal sealed class ClusterClient(ClusterAccess access, WatchOptions options, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan MinRenewInterval = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly List<k8s.Kubernetes> _old = [];
    private k8s.Kubernetes _client = access.Connect();
    private KubeReader? _reader;
    private DateTimeOffset _lastRenewal = time.GetUtcNow();

    public ServerAvailability Availability { get; } = new(time);

    public KubeReader Reader
    {
        get
        {
            lock (_lock)
                return _reader ??= new KubeReader(_client, options, time);
        }
    }

    /// <summary>Reads the kubeconfig and runs its exec plugin again if the failure was an authentication error.</summary>
    public void Renew(Exception e)
    {
        if (e is not ApiServerException { Status: HttpStatusCode.Unauthorized })
            return;
        lock (_lock)
        {
            if (time.GetUtcNow() - _lastRenewal < MinRenewInterval)
                return;
            _lastRenewal = time.GetUtcNow();
            try
            {
                var next = access.Renew();
                _old.Add(_client);
                (_client, _reader) = (next, null);
            }
            catch (StartupException)
            {
                // Still broken: the server's error remains the problem, and renewal is retried.
            }

            // The previous client may still have requests in flight; older ones have none.
            while (_old.Count > 2)
            {
                _old[0].Dispose();
                _old.RemoveAt(0);
            }
        }
    }

    /// <summary>True for failures that are retried, including the console's and the HTTP client's timeouts; false on shutdown.</summary>
    public static bool IsRequestFailure(Exception e, CancellationToken ct) =>
        !ct.IsCancellationRequested
        && e is HttpRequestException or IOException or JsonException or ApiServerException or WatchExpiredException or OperationCanceledException or ObjectDisposedException;

    /// <summary>The sentence for a failed request; a refusal of a server that has just started names no missing permission.</summary>
    public string Explain(Exception e) => Availability.IsStarting(e)
        ? "The API server has just started and does not know its permissions yet (403); will retry."
        : Describe(e);

    private static string Describe(Exception e) => e switch
    {
        ApiServerException => e.Message,
        JsonException => "The API server's response is not valid JSON. Check whether a proxy is between the console and the API server.",
        OperationCanceledException => Unreachable("timeout"),
        HttpRequestException { InnerException: System.Security.Authentication.AuthenticationException inner } =>
            $"The API server's certificate is not accepted ({inner.Message.TrimEnd('.')}): check certificate-authority and server of the kubeconfig (in a pod: ca.crt of its service account), and the clock.",
        _ => Unreachable(e.Message.TrimEnd('.')),
    };

    private static string Unreachable(string why) =>
        $"The cluster does not respond ({why}): pods and Services are shown as last known. Check the API server and the network.";

    public void Dispose()
    {
        foreach (var client in _old)
            client.Dispose();
        _client.Dispose();
    }
}
