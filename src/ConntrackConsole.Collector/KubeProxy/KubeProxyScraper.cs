using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.KubeProxy;

/// <summary>
/// Scrapes this node's kube-proxy on its loopback ports every two seconds, in its own task: a kube-proxy that hangs affects
/// nothing else. A missing kube-proxy is a reading (<see cref="ProxyReading.Answers"/>), not an error.
/// </summary>
internal sealed class KubeProxyScraper : IDisposable
{
    public const string Capability = "kube-proxy";
    private const int MaxBytes = 4 * 1024 * 1024;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    private readonly HttpClient _client = new(new SocketsHttpHandler
    {
        UseProxy = false, AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = TimeSpan.FromSeconds(1),
    })
    {
        Timeout = TimeSpan.FromSeconds(1),
    };

    private readonly TimeProvider _time;
    private readonly Uri _metrics, _mode, _health;
    private byte[] _page = new byte[64 * 1024];
    private ProxyReading? _latest, _last;

    public KubeProxyScraper(TimeProvider time, string metrics = "http://127.0.0.1:10249", string health = "http://127.0.0.1:10256")
    {
        _time = time;
        _metrics = new Uri(metrics + "/metrics");
        _mode = new Uri(metrics + "/proxyMode");
        _health = new Uri(health + "/healthz");
    }

    /// <summary>The last reading, whether kube-proxy answered or not; null before the first. Thread-safe.</summary>
    public ProxyReading? Last => Volatile.Read(ref _last);

    /// <summary>Returns the latest reading once, or null. Thread-safe.</summary>
    public ProxyReading? Take() => Interlocked.Exchange(ref _latest, null);

    public async Task RunAsync(CancellationToken stop)
    {
        bool? answered = null;
        using var timer = new PeriodicTimer(Interval, _time);
        try
        {
            do
            {
                var reading = await ReadAsync(stop);
                Volatile.Write(ref _last, reading);
                // A missing kube-proxy is reported once and not every two seconds.
                if (reading.Answers || answered != false)
                    Volatile.Write(ref _latest, reading);
                answered = reading.Answers;
            }
            while (await timer.WaitForNextTickAsync(stop));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
    }

    public async Task<ProxyReading> ReadAsync(CancellationToken stop)
    {
        long atMs = _time.GetUtcNow().ToUnixTimeMilliseconds();
        var (status, length) = await GetAsync(_metrics, stop);
        var page = KubeProxyMetrics.Read(_page.AsSpan(0, status == 200 ? length : 0));
        bool answers = status == 200 && page.Samples > 0;
        if (!answers)
            return new ProxyReading(atMs, false, ProxyMode.Unknown, await HealthAsync(stop), NaN, NaN, NaN, NaN, NaN, NaN, NaN, NaN, NaN, NaN, NaN);
        (status, length) = await GetAsync(_mode, stop);
        var mode = status == 200 ? KubeProxyMetrics.Mode(_page.AsSpan(0, Math.Min(length, 32))) : ProxyMode.Unknown;
        return page.ToReading(atMs, mode, await HealthAsync(stop));
    }

    public void Dispose() => _client.Dispose();

    private const double NaN = double.NaN;

    private async Task<ushort> HealthAsync(CancellationToken stop) => (ushort)(await GetAsync(_health, stop)).Status;

    // Status 0: no response within one second, or a response over the size limit.
    private async Task<(int Status, int Length)> GetAsync(Uri address, CancellationToken stop)
    {
        // HttpClient's own timeout covers only the headers: the body must arrive within the same second.
        using var second = CancellationTokenSource.CreateLinkedTokenSource(stop);
        second.CancelAfter(TimeSpan.FromSeconds(1));
        try
        {
            using var answer = await _client.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, second.Token);
            using var body = await answer.Content.ReadAsStreamAsync(second.Token);
            int length = 0;
            while (true)
            {
                if (length == _page.Length)
                {
                    if (length >= MaxBytes)
                        return (0, 0);
                    Array.Resize(ref _page, Math.Min(length * 2, MaxBytes));
                }

                int read = await body.ReadAsync(_page.AsMemory(length), second.Token);
                if (read == 0)
                    return ((int)answer.StatusCode, length);
                length += read;
            }
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or OperationCanceledException)
        {
            stop.ThrowIfCancellationRequested();
            return (0, 0);
        }
    }
}
