using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json;
using k8s;

namespace ConntrackConsole.Cluster;

/// <summary>The API server's history no longer reaches back to our resource version: list again.</summary>
public sealed class HistoryGone : Exception;

/// <summary>The API server refuses; the message says what and what to do.</summary>
public sealed class KubeRefusal(string message) : Exception(message);

/// <summary>List, watch and a sign of life, as raw JSON over the official client's connection and credentials.</summary>
public sealed class KubeReader(Kubernetes client)
{
    private const int PageSize = 500;

    // The server ends a watch after this; a dead connection that nobody notices lives no longer either.
    private const int WatchSeconds = 240;

    /// <summary>All objects of a kind, page by page, and the version from which to watch.</summary>
    /// <exception cref="HistoryGone">The list took longer than the server keeps its snapshot.</exception>
    public async Task<(List<ClusterChange> Changes, HashSet<string> Uids, string Version)> ListAsync(WatchedKind kind, CancellationToken ct)
    {
        var changes = new List<ClusterChange>();
        var uids = new HashSet<string>();
        string? next = null;
        while (true)
        {
            string query = $"limit={PageSize}" + (next is null ? "" : $"&continue={Uri.EscapeDataString(next)}");
            using var response = await GetAsync($"{kind.Path}?{query}", kind.Name, ct);
            await using var body = await response.Content.ReadAsStreamAsync(ct);
            using var page = await JsonDocument.ParseAsync(body, cancellationToken: ct);
            foreach (var item in page.RootElement.List("items"))
            {
                if (item.Get("metadata").Text("uid") is { } uid && kind.Change(item, false) is { } change)
                {
                    uids.Add(uid);
                    changes.Add(change);
                }
            }

            var meta = page.RootElement.Get("metadata");
            next = meta.Text("continue");
            if (string.IsNullOrEmpty(next))
            {
                return (changes, uids, meta.Text("resourceVersion")
                    ?? throw new KubeRefusal($"The API server's list of {kind.Name} has no resourceVersion: is {client.BaseUri} a Kubernetes API server?"));
            }
        }
    }

    /// <summary>What happened since a version: the version after each event, and its change (null for a bookmark).</summary>
    /// <param name="opened">Called when the server has accepted the watch.</param>
    /// <exception cref="HistoryGone">The version is too old.</exception>
    public async IAsyncEnumerable<(string? Version, ClusterChange? Change)> WatchAsync(
        WatchedKind kind, string version, Action opened, [EnumeratorCancellation] CancellationToken ct)
    {
        string query = $"watch=true&allowWatchBookmarks=true&timeoutSeconds={WatchSeconds}&resourceVersion={Uri.EscapeDataString(version)}";
        using var response = await GetAsync($"{kind.Path}?{query}", kind.Name, ct);
        await using var body = await response.Content.ReadAsStreamAsync(ct);
        using var lines = new StreamReader(body);
        opened();
        while (await lines.ReadLineAsync(ct) is { } line)
        {
            if (line.Length > 0)
                yield return Read(kind, line);
        }
    }

    /// <summary>One line of a watch.</summary>
    /// <exception cref="HistoryGone">An ERROR event with code 410.</exception>
    public static (string? Version, ClusterChange? Change) Read(WatchedKind kind, string line)
    {
        using var parsed = JsonDocument.Parse(line);
        var item = parsed.RootElement.Get("object");
        string? type = parsed.RootElement.Text("type");
        if (type == "ERROR")
        {
            if (item.Number("code") == (int)HttpStatusCode.Gone)
                throw new HistoryGone();
            throw new KubeRefusal($"The watch of {kind.Name} ended: {item.Text("message") ?? "no reason given"}.");
        }

        return (KubeObject.ResourceVersion(item), type is "ADDED" or "MODIFIED" or "DELETED" ? kind.Change(item, type == "DELETED") : null);
    }

    /// <summary>Throws where the API server does not answer.</summary>
    public async Task PingAsync(CancellationToken ct)
    {
        using var response = await GetAsync("version", "version", ct);
    }

    private async Task<HttpResponseMessage> GetAsync(string path, string what, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(client.BaseUri, path));
        if (client.Credentials is { } credentials)
            await credentials.ProcessHttpRequestAsync(request, ct);
        var response = await client.HttpClient.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
        if (response.IsSuccessStatusCode)
            return response;
        response.Dispose();
        throw response.StatusCode switch
        {
            HttpStatusCode.Gone => new HistoryGone(),
            HttpStatusCode.Unauthorized => new KubeRefusal("The API server does not accept the console's credentials: renew the kubeconfig or the service account's token."),
            HttpStatusCode.Forbidden => new KubeRefusal(
                $"The console may not read {what}: give its account 'get', 'list' and 'watch' on nodes, services, endpointslices and pods in all namespaces."),
            _ => new KubeRefusal($"The API server answers {(int)response.StatusCode} for {what}."),
        };
    }
}
