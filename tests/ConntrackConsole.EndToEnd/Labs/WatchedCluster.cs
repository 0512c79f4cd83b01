using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ConntrackConsole.Lab.Cluster;

namespace ConntrackConsole.EndToEnd.Labs;

/// <summary>A line of a watch.</summary>
internal sealed record WatchLine(string Kind, string Type, JsonNode Object)
{
    public long Version => long.Parse((string)Object["metadata"]!["resourceVersion"]!);

    public string Name => (string)Object["metadata"]!["name"]!;
}

/// <summary>
/// The changes that a running lab's API server sends on its watches of all kinds, in the order of their versions. Two watches
/// have no order between them; the versions, from a single counter, have.
/// </summary>
internal sealed partial class WatchedCluster : IAsyncDisposable
{
    private readonly HttpClient _client = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<WatchLine> _lines = [];
    private readonly List<Task> _watches = [];

    public WatchedCluster(string kubeconfig)
    {
        string text = File.ReadAllText(kubeconfig);
        _client.BaseAddress = new Uri(Server().Match(text).Groups[1].Value);
        _client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token().Match(text).Groups[1].Value);
        foreach (var kind in ResourceKind.All)
            _watches.Add(WatchAsync(kind));
    }

    /// <summary>All lines so far.</summary>
    public IReadOnlyList<WatchLine> Lines
    {
        get
        {
            lock (_lines)
                return [.. _lines.OrderBy(line => line.Version)];
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_watches);
        _client.Dispose();
        _stop.Dispose();
    }

    private async Task WatchAsync(ResourceKind kind)
    {
        try
        {
            using var reader = new StreamReader(await _client.GetStreamAsync(new Uri($"{kind.Root}/{kind.Plural}?watch=true", UriKind.Relative), _stop.Token));
            while (await reader.ReadLineAsync(_stop.Token) is { } text)
            {
                var line = JsonNode.Parse(text)!;
                lock (_lines)
                    _lines.Add(new WatchLine(kind.Plural, (string)line["type"]!, line["object"]!));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or HttpRequestException)
        {
            // The test, or the lab, has ended.
        }
    }

    [GeneratedRegex(@"server: (\S+)")]
    private static partial Regex Server();

    [GeneratedRegex(@"token: (\S+)")]
    private static partial Regex Token();
}
