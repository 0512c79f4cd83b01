using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kubernetes.Parsing;

namespace ConntrackConsole.Kubernetes.Client;

/// <summary>List, watch and a sign of life, as raw JSON over the official client's connection and credentials.</summary>
internal sealed class KubeReader(k8s.Kubernetes client, WatchOptions pace, TimeProvider time)
{
    // The server ends a watch after this; spread, so that the kinds do not all come back in one second.
    private const int WatchSeconds = 240;

    // A server may ignore the limit: what is gathered before it is applied is bounded here too.
    private const int BatchSize = 500;

    private static readonly StreamPipeReaderOptions BodyOptions = new(bufferSize: 64 * 1024);

    private readonly string _server = client.BaseUri.AbsoluteUri.TrimEnd('/');

    /// <summary>All objects of a kind, page by page and item by item, and the version from which to watch.</summary>
    /// <param name="batch">Called with what was read; the list is used again afterwards.</param>
    /// <exception cref="WatchExpiredException">The list took longer than the server keeps its snapshot.</exception>
    public async Task<(HashSet<string> Uids, string Version)> ListAsync(
        WatchedKind kind, Action<List<ClusterChange>> batch, Action skipped, CancellationToken ct)
    {
        var changes = new List<ClusterChange>(BatchSize);
        var uids = new HashSet<string>();
        string? next = null;
        string? version = null;
        using var silence = new CancellationTokenSource(pace.Silence, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, silence.Token);
        do
        {
            string query = $"limit={pace.PageSize}" + (next is null ? "" : $"&continue={Uri.EscapeDataString(next)}");
            using var response = await GetAsync($"{kind.Path}?{query}", kind, "list", either.Token);
            using var items = new JsonItems(Body(await response.Content.ReadAsStreamAsync(either.Token)), pace.MostBytes);
            await items.ReadAsync(Take, skipped, either.Token);
            Flush();
            string? before = next;
            (version, next) = items.Meta;
            if (string.IsNullOrEmpty(version) || (!string.IsNullOrEmpty(next) && next == before))
                throw new ApiServerException($"The API server's list of {kind.Name} has no resourceVersion or no end: is {client.BaseUri} a k8s.Kubernetes API server?");
        }
        while (!string.IsNullOrEmpty(next));
        return (uids, version);

        void Take(JsonElement item)
        {
            silence.CancelAfter(pace.Silence);
            if (kind.Change(item, false) is not { } change)
                return;
            // The very string that the map keeps: 150,000 of them are not to be there twice.
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

    /// <summary>What happened since a version: the version after each event, and its change (null for a bookmark).</summary>
    /// <param name="opened">Called when the server has accepted the watch.</param>
    /// <param name="skipped">Called for a line that was too long.</param>
    /// <exception cref="WatchExpiredException">The version is too old.</exception>
    public async IAsyncEnumerable<(string? Version, ClusterChange? Change)> WatchAsync(
        WatchedKind kind, string version, Action opened, Action skipped, [EnumeratorCancellation] CancellationToken ct)
    {
        int seconds = WatchSeconds + pace.Random.Next(WatchSeconds / 4);
        string query = $"watch=true&allowWatchBookmarks=true&timeoutSeconds={seconds}&resourceVersion={Uri.EscapeDataString(version)}";
        using var silence = new CancellationTokenSource(pace.Silence, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, silence.Token);
        using var response = await GetAsync($"{kind.Path}?{query}", kind, "watch", either.Token);
        using var lines = new JsonLines(Body(await response.Content.ReadAsStreamAsync(either.Token)), pace.MostBytes);
        opened();
        while (await NextAsync() is { } line)
        {
            silence.CancelAfter(pace.Silence);
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
                // Silent for too long: as good as ended.
                return null;
            }
        }
    }

    /// <summary>One line of a watch.</summary>
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
            throw new ApiServerException($"The watch of {kind.Name} ended: {item.Text("message") ?? "no reason given"}.");
        }

        return (KubeObject.ResourceVersion(item), type is "ADDED" or "MODIFIED" or "DELETED" ? kind.Change(item, type == "DELETED") : null);
    }

    /// <summary>Throws where the API server does not answer.</summary>
    public async Task PingAsync(CancellationToken ct)
    {
        using var response = await GetAsync("version", null, "tell", ct);
    }

    private static PipeReader Body(Stream stream) => PipeReader.Create(stream, BodyOptions);

    private async Task<HttpResponseMessage> GetAsync(string path, WatchedKind? kind, string verb, CancellationToken ct)
    {
        // By HTTP/2 all watches share one connection with the sign of life, and whether it lives can be asked.
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"{_server}/{path}"))
        {
            Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        await SignAsync(request, ct);
        var response = await client.HttpClient.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
        if (response.IsSuccessStatusCode)
            return response;
        using (response)
            throw response.StatusCode == HttpStatusCode.Gone ? new WatchExpiredException() : ApiServerException.To(kind, verb, response);
    }

    private async Task SignAsync(HttpRequestMessage request, CancellationToken ct)
    {
        try
        {
            if (client.Credentials is { } credentials)
                await credentials.ProcessHttpRequestAsync(request, ct);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // A token's file that went, or an exec plugin that fails once its token has expired: the library throws what it likes.
            throw new ApiServerException($"The console's credentials could not be renewed ({KubeConfigFile.Words(e)}): run the kubeconfig's exec plugin, or see to the service account's token.")
            {
                Status = HttpStatusCode.Unauthorized,
            };
        }
    }
}
