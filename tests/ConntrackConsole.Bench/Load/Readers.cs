using System.Diagnostics;

namespace ConntrackConsole.Bench.Load;

/// <summary>
/// Signed-in users of the API: each reads 15 minutes of a Service of its own, or of the whole cluster, once a second, or as often as it is
/// answered.
/// </summary>
internal sealed class Readers(HttpClient client, ClusterShape shape, int count, bool whole)
{
    private long _failed;
    private long _bytes;

    public Lag Lag { get; } = new();

    /// <summary>Of the queries that began in the half of the second in which no node sends: what they wait for is not the intake of frames.</summary>
    public Lag QuietLag { get; } = new();

    public long Failed => Volatile.Read(ref _failed);

    /// <summary>Of all answers.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>The session of all readers and pages: a link signs in once.</summary>
    /// <param name="cookies">Takes the session's cookie.</param>
    /// <exception cref="InvalidOperationException">The console does not sign in the reader.</exception>
    public static async Task<HttpClient> SignInAsync(Uri console, System.Net.CookieContainer cookies)
    {
        var client = new HttpClient(new SocketsHttpHandler { CookieContainer = cookies, AllowAutoRedirect = false, MaxConnectionsPerServer = 1_000 }) { BaseAddress = console, Timeout = TimeSpan.FromMinutes(2) };
        using var answer = await client.GetAsync(new Uri($"/signin?token={ConsoleProcess.SignInToken}", UriKind.Relative));
        return answer.StatusCode == System.Net.HttpStatusCode.Redirect
            ? client : throw new InvalidOperationException($"The console does not sign in: {answer.StatusCode}.");
    }

    public Task RunAsync(CancellationToken stop) => Task.WhenAll(Enumerable.Range(0, count).Select(reader => ReadAsync(reader, stop)));

    private static async Task<long> LengthAsync(Stream content, CancellationToken stop)
    {
        byte[] buffer = new byte[64 * 1024];
        long bytes = 0;
        for (int read; (read = await content.ReadAsync(buffer, stop)) > 0;)
            bytes += read;
        return bytes;
    }

    private async Task ReadAsync(int reader, CancellationToken stop)
    {
        int service = reader * 7 % shape.Services;
        var path = new Uri(whole ? "/api/v1/timeline" : $"/api/v1/timeline?namespace={ClusterShape.Namespace(service)}&service={ClusterShape.Service(service)}", UriKind.Relative);
        await Task.Delay(reader * 1_000 / count, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        while (!stop.IsCancellationRequested)
        {
            long at = Stopwatch.GetTimestamp();
            bool isQuiet = DateTime.UtcNow.Millisecond >= 500;
            try
            {
                using var answer = await client.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, stop);
                long bytes = await LengthAsync(await answer.Content.ReadAsStreamAsync(stop), stop);
                Interlocked.Add(ref _bytes, bytes);
                long took = (long)Stopwatch.GetElapsedTime(at).TotalMilliseconds;
                if (answer.IsSuccessStatusCode)
                {
                    Lag.Add(took);
                    if (isQuiet)
                        QuietLag.Add(took);
                }
                else
                    Interlocked.Increment(ref _failed);
            }
            catch (Exception failure) when (failure is HttpRequestException or IOException or OperationCanceledException)
            {
                if (!stop.IsCancellationRequested)
                    Interlocked.Increment(ref _failed);
            }

            var left = TimeSpan.FromSeconds(1) - Stopwatch.GetElapsedTime(at);
            if (left > TimeSpan.Zero)
                await Task.Delay(left, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
