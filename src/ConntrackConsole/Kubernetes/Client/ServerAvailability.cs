using System.Net;

namespace ConntrackConsole.Kubernetes.Client;

/// <summary>
/// Whether the API server was unavailable a moment ago, as all requests of the console saw it. A server that has just started
/// answers 403 for some seconds, because it has not read its authorization objects yet: that is no missing permission.
/// </summary>
internal sealed class ServerAvailability(TimeProvider time)
{
    /// <summary>How long after the server was last unavailable a 403 is attributed to its start.</summary>
    public static readonly TimeSpan StartPeriod = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private DateTimeOffset _unavailableAt = DateTimeOffset.MinValue;
    private bool _isDown;
    private TaskCompletionSource _recovered = New();

    /// <summary>Completes when the server answers again after a failed connection: a long delay before the next attempt is then pointless.</summary>
    public Task Recovered
    {
        get
        {
            lock (_lock)
                return _recovered.Task;
        }
    }

    public void Failed(Exception e)
    {
        bool isConnection = e is not (ApiServerException or WatchExpiredException or System.Text.Json.JsonException);
        lock (_lock)
        {
            if (isConnection || e is ApiServerException { Status: >= HttpStatusCode.InternalServerError })
                _unavailableAt = time.GetUtcNow();
            _isDown |= isConnection;
        }
    }

    public void Answered()
    {
        lock (_lock)
        {
            if (!_isDown)
                return;
            _isDown = false;
            _recovered.SetResult();
            _recovered = New();
        }
    }

    /// <summary>The refusal of a server that has just started: temporary.</summary>
    public bool IsStarting(Exception e)
    {
        lock (_lock)
            return e is ApiServerException { Status: HttpStatusCode.Forbidden } && time.GetUtcNow() - _unavailableAt <= StartPeriod;
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
