using System.Net;
using ConntrackConsole.Collector.KubeProxy;
using ConntrackConsole.Wire;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace ConntrackConsole.Collector.Tests.KubeProxy;

/// <summary>Pages of a kube-proxy, or of parts of one, on ports of this test's own.</summary>
public sealed class KubeProxyScraperTests : IDisposable
{
    private readonly HttpListener _server = new();
    private readonly string _address;
    private readonly Dictionary<string, (int Status, string Body)> _pages = [];

    public KubeProxyScraperTests()
    {
        // An address of its own: another test may be given the port before the server takes it.
        var own = new IPAddress([127, .. Random.Shared.GetItems<byte>([.. Enumerable.Range(1, 250).Select(part => (byte)part)], 3)]);
        using var free = new System.Net.Sockets.TcpListener(own, 0);
        free.Start();
        _address = $"http://{own}:{((IPEndPoint)free.LocalEndpoint).Port}";
        free.Stop();
        _server.Prefixes.Add(_address + "/");
        _server.Start();
        _ = AnswerAsync();
    }

    [Fact]
    public async Task HealthAlone_IsSentEachTime_AndALater503IsToldAsync()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        using var scraper = new KubeProxyScraper(time, "http://127.0.0.1:1", _address);
        using var stop = new CancellationTokenSource();
        Set("/healthz", 200, "{\"lastUpdated\": \"\",\"nodeEligible\": true}");
        var running = scraper.RunAsync(stop.Token);
        var first = await TakeAsync(scraper, time);
        var second = await TakeAsync(scraper, time);
        Set("/healthz", 503, "{\"lastUpdated\": \"\",\"nodeEligible\": true}");
        Set("/livez", 503, "");
        ProxyReading later;
        do
            later = await TakeAsync(scraper, time);
        while (later.HealthStatus == 200);
        await stop.CancelAsync();
        await running;

        Assert.Equal((false, 200, false), (first.Answers, first.HealthStatus, first.ReportsLag));
        Assert.Equal((false, 200), (second.Answers, second.HealthStatus));
        Assert.Equal((false, 503, true), (later.Answers, later.HealthStatus, later.ReportsLag));
    }

    // 503 on purpose: the node is to be deleted. /livez (Kubernetes 1.28) shows whether the rules lag; where it is missing the body
    // shows at least that the 503 proves nothing.
    [Theory]
    [InlineData("{\"nodeEligible\": false}", 200, false)]
    [InlineData("{\"nodeEligible\": false}", 503, true)]
    [InlineData("{\"nodeEligible\":false}", 404, false)]
    [InlineData("{\"nodeEligible\": true}", 503, true)]
    [InlineData("{\"nodeEligible\": true}", 404, true)]
    [InlineData("{}", 404, true)]
    public async Task Healthz503_OfANodeToBeDeleted_IsNoLagAsync(string body, int live, bool lags)
    {
        using var scraper = new KubeProxyScraper(TimeProvider.System, "http://127.0.0.1:1", _address);
        Set("/healthz", 503, body);
        Set("/livez", live, "");

        var reading = await ReadAsync(scraper);

        Assert.Equal((503, lags), (reading.HealthStatus, reading.ReportsLag));
    }

    [Fact]
    public async Task MetricsWithTwoFamilies_NameTheOneThatLagsAsync()
    {
        using var scraper = new KubeProxyScraper(TimeProvider.System, _address, "http://127.0.0.1:1");
        Set("/metrics", 200, """
            kubeproxy_sync_proxy_rules_last_timestamp_seconds{ip_family="IPv4"} 1000
            kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds{ip_family="IPv4"} 999
            kubeproxy_sync_proxy_rules_last_timestamp_seconds{ip_family="IPv6"} 100
            kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds{ip_family="IPv6"} 700

            """);

        var reading = await ReadAsync(scraper);

        Assert.Equal((true, (byte)6, 100.0, 700.0), (reading.Answers, reading.LaggingFamily, reading.LastSync, reading.LastQueued));
    }

    [Fact]
    public async Task DropsOfItsRule_AreReadEachSecond_UntilTheyEndAsync()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        using var scraper = new KubeProxyScraper(time, _address, "http://127.0.0.1:1");
        using var stop = new CancellationTokenSource();
        Set("/metrics", 200, Dropped(7));
        var running = scraper.RunAsync(stop.Token);
        await Eventually.TrueAsync(() => scraper.Take() is not null);
        foreach (var (dropped, seconds) in ((int Dropped, int Seconds)[])[(7, 2), (9, 2), (12, 1), (12, 1), (12, 2)])
        {
            Set("/metrics", 200, Dropped(dropped));
            for (int second = 1; second < seconds; second++)
            {
                time.Advance(TimeSpan.FromSeconds(1));
                await Task.Delay(100, TestContext.Current.CancellationToken);
                Assert.Null(scraper.Take());
            }

            time.Advance(TimeSpan.FromSeconds(1));
            ProxyReading? reading = null;
            await Eventually.TrueAsync(() => (reading = scraper.Take()) is not null);
            Assert.Equal(dropped, reading!.InvalidDropped);
        }

        await stop.CancelAsync();
        await running;

        static string Dropped(int packets) => $"kubeproxy_iptables_ct_state_invalid_dropped_packets_total {packets}\n";
    }

    /// <summary>Entries of a pod that ends wait for its next sync: it is read each second, if it answers at all.</summary>
    [Fact]
    public async Task ASyncThatIsAwaited_IsReadEachSecondAsync()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        using var scraper = new KubeProxyScraper(time, _address, "http://127.0.0.1:1");
        using var stop = new CancellationTokenSource();
        Set("/metrics", 200, "kubeproxy_sync_proxy_rules_endpoint_changes_pending 0\n");
        var running = scraper.RunAsync(stop.Token);
        await Eventually.TrueAsync(() => scraper.Take() is not null);
        foreach (var (isAwaited, seconds) in ((bool, int)[])[(false, 2), (true, 1), (true, 1), (false, 2)])
        {
            scraper.IsAwaited = isAwaited;
            for (int second = 1; second < seconds; second++)
            {
                time.Advance(TimeSpan.FromSeconds(1));
                await Task.Delay(100, TestContext.Current.CancellationToken);
                Assert.Null(scraper.Take());
            }

            time.Advance(TimeSpan.FromSeconds(1));
            await Eventually.TrueAsync(() => scraper.Take() is not null);
        }

        await stop.CancelAsync();
        await running;
    }

    public void Dispose() => _server.Close();

    private void Set(string path, int status, string body)
    {
        lock (_pages)
            _pages[path] = (status, body);
    }

    // On a busy machine an answer may come after the scraper's time for it.
    private static async Task<ProxyReading> ReadAsync(KubeProxyScraper scraper)
    {
        ProxyReading reading = null!;
        for (int tries = 0; tries < 20 && reading is not { Answers: true } and not { HealthStatus: > 0 }; tries++)
            reading = await scraper.ReadAsync(TestContext.Current.CancellationToken);
        return reading;
    }

    private static async Task<ProxyReading> TakeAsync(KubeProxyScraper scraper, FakeTimeProvider time)
    {
        ProxyReading? reading = null;
        await Eventually.TrueAsync(() =>
        {
            reading = scraper.Take();
            if (reading is null)
                time.Advance(TimeSpan.FromSeconds(2));
            return reading is not null;
        });
        return reading!;
    }

    private async Task AnswerAsync()
    {
        try
        {
            while (true)
            {
                var context = await _server.GetContextAsync();
                (int status, string body) page;
                lock (_pages)
                    page = _pages.GetValueOrDefault(context.Request.Url!.AbsolutePath, (404, ""));
                context.Response.StatusCode = page.status;
                await context.Response.OutputStream.WriteAsync(System.Text.Encoding.UTF8.GetBytes(page.body));
                context.Response.Close();
            }
        }
        catch (Exception ended) when (ended is HttpListenerException or ObjectDisposedException)
        {
        }
    }
}
