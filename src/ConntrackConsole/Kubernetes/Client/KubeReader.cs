using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kubernetes.Parsing;

namespace ConntrackConsole.Kubernetes.Client;

/// <summary>List, watch and ping requests as raw JSON, over the connection and credentials of the official client.</summary>
internal sealed class KubeReader(k8s.Kubernetes client, WatchOptions options, TimeProvider time)
{
    // The server ends a watch after this time; jittered, so that the kinds do not all reconnect in the same second.
    private const int WatchSeconds = 240;

    // A server may ignore the limit, so the batch size is bounded here too.
    private const int BatchSize = 500;

    private static readonly StreamPipeReaderOptions BodyOptions = new(bufferSize: 64 * 1024);

    private readonly string _server = client.BaseUri.AbsoluteUri.TrimEnd('/');

    /// <summary>Lists all objects of a kind, page by page and item by item, and returns the version to watch from.</summary>
    /// <param name="batch">Called for each batch; the list is reused afterwards.</param>
    /// <exception cref="WatchExpiredException">The list took longer than the server retains its snapshot.</exception>
    public async Task<(HashSet<string> Uids, string Version)> ListAsync(
        WatchedKind kind, Action<List<ClusterChange>> batch, Action skipped, CancellationToken ct)
    {
        var changes = new List<ClusterChange>(BatchSize);
        var uids = new HashSet<string>();
        string? next = null;
        string? version = null;
        using var idle = new CancellationTokenSource(options.IdleTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, idle.Token);
        do
        {
            string query = $"limit={options.PageSize}" + (next is null ? "" : $"&continue={Uri.EscapeDataString(next)}");
            using var response = await GetAsync($"{kind.Path}?{query}", kind, "list", either.Token);
            using var items = new JsonItems(Body(await response.Content.ReadAsStreamAsync(either.Token)), options.MaxBytes);
            await items.ReadAsync(Add, skipped, either.Token);
            Flush();
            string? before = next;
            (version, next) = items.Meta;
            if (string.IsNullOrEmpty(version) || (!string.IsNullOrEmpty(next) && next == before))
                throw new ApiServerException($"The list of {kind.Name} has no resourceVersion or never ends. Check that {client.BaseUri} is a Kubernetes API server.");
        }
        while (!string.IsNullOrEmpty(next));
        return (uids, version);

        void Add(JsonElement item)
        {
            idle.CancelAfter(options.IdleTimeout);
            if (kind.Change(item, false) is not { } change)
                return;
            // The same string instance that the map keeps, so that 150,000 uids are not stored twice.
            if (change.Uid is { } uid)
                uids.Add(uid);
            changes.Add(change);
            if (changes.Count == BatchSize)
                Flush();
        }

        void Flush()
        {
            if (changes.Count > 0)
                batch(changes);
            changes.Clear();
        }
    }

    /// <summary>Watches from a version: yields the version after each event, and its change (null for a bookmark).</summary>
    /// <param name="opened">Called when the server has accepted the watch.</param>
    /// <param name="skipped">Called for a line that was too long.</param>
    /// <exception cref="WatchExpiredException">The version is too old.</exception>
    public async IAsyncEnumerable<(string? Version, ClusterChange? Change)> WatchAsync(
        WatchedKind kind, string version, Action opened, Action skipped, [EnumeratorCancellation] CancellationToken ct)
    {
        int seconds = WatchSeconds + options.Random.Next(WatchSeconds / 4);
        string query = $"watch=true&allowWatchBookmarks=true&timeoutSeconds={seconds}&resourceVersion={Uri.EscapeDataString(version)}";
        using var idle = new CancellationTokenSource(options.IdleTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, idle.Token);
        using var response = await GetAsync($"{kind.Path}?{query}", kind, "watch", either.Token);
        using var lines = new JsonLines(Body(await response.Content.ReadAsStreamAsync(either.Token)), options.MaxBytes);
        opened();
        while (await NextAsync() is { } line)
        {
            idle.CancelAfter(options.IdleTimeout);
            if (line.IsEmpty)
                skipped();
            else
                yield return Read(kind, line);
        }

        async ValueTask<ReadOnlySequence<byte>?> NextAsync()
        {
            try
            {
                return await lines.NextAsync(either.Token);
            }
            catch (OperationCanceledException) when (!ct.IsCancellationRequested)
            {
                // Idle for too long: treated as ended.
                return null;
            }
        }
    }

    /// <summary>Parses one line of a watch.</summary>
    /// <exception cref="WatchExpiredException">An ERROR event with code 410.</exception>
    public static (string? Version, ClusterChange? Change) Read(WatchedKind kind, string line) => Read(kind, new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(line)));

    public static (string? Version, ClusterChange? Change) Read(WatchedKind kind, ReadOnlySequence<byte> line)
    {
        using var parsed = JsonDocument.Parse(line);
        var item = parsed.RootElement.Get("object");
        string? type = parsed.RootElement.Text("type");
        if (type == "ERROR")
        {
            if (item.Number("code") == (int)HttpStatusCode.Gone)
                throw new WatchExpiredException();
            throw new ApiServerException($"The watch of {kind.Name} failed: {item.Text("message") ?? "no reason given"}.");
        }

        return (KubeObject.ResourceVersion(item), type is "ADDED" or "MODIFIED" or "DELETED" ? kind.Change(item, type == "DELETED") : null);
    }

    /// <summary>Throws if the API server does not respond.</summary>
    public async Task PingAsync(CancellationToken ct)
    {
        using var response = await GetAsync("version", null, "get", ct);
    }

    private static PipeReader Body(Stream stream) => PipeReader.Create(stream, BodyOptions);

    private async Task<HttpResponseMessage> GetAsync(string path, WatchedKind? kind, string verb, CancellationToken ct)
    {
        // With HTTP/2 all watches and the ping share one connection, which can be checked with PING frames.
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"{_server}/{path}"))
        {
            Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        await AuthenticateAsync(request, ct);
        var response = await client.HttpClient.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
        if (response.IsSuccessStatusCode)
            return response;
        using (response)
            throw response.StatusCode == HttpStatusCode.Gone ? new WatchExpiredException() : ApiServerException.From(kind, verb, response);
    }

    private async Task AuthenticateAsync(HttpRequestMessage request, CancellationToken ct)
    {
        try
        {
            if (client.Credentials is { } credentials)
                await credentials.ProcessHttpRequestAsync(request, ct);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // A missing token file, or an exec plugin that fails after its token expired: the library throws various exception types.
            throw new ApiServerException($"Failed to renew the console's credentials ({KubeConfigFile.FirstLine(e)}): run the kubeconfig's exec plugin, or check the service account's token.")
            {
                Status = HttpStatusCode.Unauthorized,
            };
        }
    }
}
