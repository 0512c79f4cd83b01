using System.Net;
using System.Text.Json;
using ConntrackConsole.Configuration;

namespace ConntrackConsole.Kubernetes.Client;

/// <summary>The connection that all kinds share; made anew when the API server no longer accepts its credentials.</summary>
internal sealed class ClusterClient(ClusterAccess access, WatchOptions pace, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan RenewAtMostEvery = TimeSpan.FromSeconds(10);

    private readonly Lock _renewing = new();
    private readonly List<k8s.Kubernetes> _old = [];
    private k8s.Kubernetes _client = access.Connect();
    private KubeReader? _reader;
    private DateTimeOffset _renewed = time.GetUtcNow();

    public KubeReader Reader
    {
        get
        {
            lock (_renewing)
                return _reader ??= new KubeReader(_client, pace, time);
        }
    }

    /// <summary>Reads the kubeconfig and asks its exec plugin again where that was what failed.</summary>
    public void Renew(Exception e)
    {
        if (e is not ApiServerException { Status: HttpStatusCode.Unauthorized })
            return;
        lock (_renewing)
        {
            if (time.GetUtcNow() - _renewed < RenewAtMostEvery)
                return;
            _renewed = time.GetUtcNow();
            try
            {
                var next = access.Renew();
                _old.Add(_client);
                (_client, _reader) = (next, null);
            }
            catch (StartupException)
            {
                // Still broken: what the server said stands, and it is tried again.
            }

            // Requests of the one before may still be under way; those before it have ended long ago.
            while (_old.Count > 2)
            {
                _old[0].Dispose();
                _old.RemoveAt(0);
            }
        }
    }

    /// <summary>A timeout of our own or of the HTTP client is trouble; the end of the program is not.</summary>
    public static bool IsTrouble(Exception e, CancellationToken ct) =>
        !ct.IsCancellationRequested
        && e is HttpRequestException or IOException or JsonException or ApiServerException or WatchExpiredException or OperationCanceledException or ObjectDisposedException;

    public static string Sentence(Exception e) => e switch
    {
        ApiServerException => e.Message,
        JsonException => "The API server's answer is no JSON that a cluster would send: is a proxy between it and the console?",
        OperationCanceledException => Silent("timeout"),
        HttpRequestException { InnerException: System.Security.Authentication.AuthenticationException inner } =>
            $"The API server's certificate is not accepted ({inner.Message.TrimEnd('.')}): check certificate-authority and server of the kubeconfig (in a pod: ca.crt of its service account), and the clock.",
        _ => Silent(e.Message.TrimEnd('.')),
    };

    private static string Silent(string why) =>
        $"The cluster does not answer ({why}): what is shown of pods and Services is old. Check the API server and the network.";

    public void Dispose()
    {
        foreach (var client in _old)
            client.Dispose();
        _client.Dispose();
    }
}
