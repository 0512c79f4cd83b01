using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.KubeProxy;

/// <summary>
/// Scrapes this node's kube-proxy on its loopback ports every two seconds, and each second while its rule drops packets or <see cref="IsAwaited"/>, in
/// its own task: a kube-proxy that hangs affects nothing else. Metrics and health are read and sent independently of each other: another proxy may have only the second, or the
/// metrics another address. A missing kube-proxy is a reading (<see cref="ProxyReading.Answers"/>), not an error.
/// </summary>
internal sealed class KubeProxyScraper : IDisposable
{
    public const string Capability = "kube-proxy";
    private const int MaxBytes = 4 * 1024 * 1024;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);
    // The counter is all that shows dropped packets: how soon they are a finding depends on it.
    private static readonly TimeSpan OftenInterval = TimeSpan.FromSeconds(1);

    private readonly HttpClient _client = new(new SocketsHttpHandler
    {
        UseProxy = false, AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = TimeSpan.FromSeconds(1),
    })
    {
        Timeout = TimeSpan.FromSeconds(1),
    };

    private readonly TimeProvider _time;
    // Readings of a kube-proxy that does not answer at all are alike. They are repeated, because one may be lost: in a frame that
    // came too late, or was older than the console's start.
    private const int SilentRepeat = 30;

    // After this many of them only every fifth is made: a node without kube-proxy is asked every ten seconds.
    private const int SilentOften = 15;
    private const int SilentInterval = 5;

    private readonly Uri _metrics, _mode, _health, _live;
    private readonly HashSet<int> _unanswered = []; // Ports that did not reply to the last request.
    private byte[] _page = new byte[64 * 1024];
    private ProxyReading? _latest, _last;
    private volatile bool _isAwaited;

    public KubeProxyScraper(TimeProvider time, string metrics = "http://127.0.0.1:10249", string health = "http://127.0.0.1:10256")
    {
        _time = time;
        _metrics = new Uri(metrics + "/metrics");
        _mode = new Uri(metrics + "/proxyMode");
        _health = new Uri(health + "/healthz");
        _live = new Uri(health + "/livez");
    }

    /// <summary>The last reading, whether kube-proxy answered or not; null before the first. Thread-safe.</summary>
    public ProxyReading? Last => Volatile.Read(ref _last);

    /// <summary>Returns the latest reading once, or null. Thread-safe.</summary>
    public ProxyReading? Take() => Interlocked.Exchange(ref _latest, null);

    /// <summary>
    /// Entries wait for its next sync: UDP entries to a pod that ends, which it deletes after it, or leaves behind. Thread-safe.
    /// </summary>
    public bool IsAwaited
    {
        get => _isAwaited;
        set => _isAwaited = value;
    }

    public async Task RunAsync(CancellationToken stop)
    {
        int silent = 0;
        double dropped = NaN;
        bool isDropping = false;
        long? readAt = null;
        using var timer = new PeriodicTimer(OftenInterval, _time);
        try
        {
            do
            {
                // A tick is early or late by some milliseconds.
                if (readAt is { } last && !isDropping && !(IsAwaited && silent == 0) && _time.GetElapsedTime(last) < Interval - (OftenInterval / 2))
                    continue;
                readAt = _time.GetTimestamp();
                if (silent > SilentOften && silent % SilentInterval != 0)
                {
                    silent++;
                    continue;
                }

                var reading = await ReadAsync(stop);
                Volatile.Write(ref _last, reading);
                isDropping = reading.InvalidDropped > dropped;
                dropped = reading.InvalidDropped;
                silent = reading.Answers || reading.HealthStatus != 0 || reading.LiveStatus != 0 ? 0 : silent + 1;
                if (silent % SilentRepeat <= 1)
                    Volatile.Write(ref _latest, reading);
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
        {
            var alone = await HealthAsync(stop);
            return new ProxyReading(atMs, false, ProxyMode.Unknown, alone.Status, NaN, NaN, NaN, NaN, NaN, NaN, NaN, NaN, NaN, NaN, NaN)
            {
                Eligible = alone.Eligible, LiveStatus = alone.LiveStatus,
            };
        }

        (status, length) = await GetAsync(_mode, stop);
        var mode = status == 200 ? KubeProxyMetrics.Mode(_page.AsSpan(0, Math.Min(length, 32))) : ProxyMode.Unknown;
        return page.ToReading(atMs, mode, await HealthAsync(stop));
    }

    public void Dispose() => _client.Dispose();

    private const double NaN = double.NaN;

    private async Task<KubeProxyHealth> HealthAsync(CancellationToken stop)
    {
        var (status, length) = await GetAsync(_health, stop);
        var eligible = KubeProxyHealth.EligibleOf(_page.AsSpan(0, Math.Min(length, 4096)));
        // /livez differs from /healthz only on a node that is to be deleted.
        ushort live = status == 503 ? (ushort)(await GetAsync(_live, stop)).Status : (ushort)0;
        return new KubeProxyHealth((ushort)status, eligible, live);
    }

    // Status 0: no response within one second, or a response over the size limit.
    private async Task<(int Status, int Length)> GetAsync(Uri address, CancellationToken stop)
    {
        // HttpClient's own timeout covers only the headers: the body must arrive within the same second.
        using var second = CancellationTokenSource.CreateLinkedTokenSource(stop);
        second.CancelAfter(TimeSpan.FromSeconds(1));
        try
        {
            // A refused request costs a chain of exceptions; on a node without kube-proxy that was most of an idle collector's work.
            if (_unanswered.Contains(address.Port) && !await LoopbackPort.AcceptsAsync(address, second.Token))
                return (0, 0);
            _unanswered.Add(address.Port);
            using var answer = await _client.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, second.Token);
            _unanswered.Remove(address.Port);
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
