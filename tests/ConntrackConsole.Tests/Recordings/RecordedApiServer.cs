using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ConntrackConsole.Tests.Recordings;

/// <summary>How a watch is interrupted just before a line.</summary>
public enum Cut
{
    /// <summary>Ended by the server.</summary>
    Closed,
    /// <summary>The connection is reset.</summary>
    Aborted,
    /// <summary>Ended, and the next watch gets HTTP 410.</summary>
    Gone,
    /// <summary>An ERROR event with code 410.</summary>
    GoneEvent,
    /// <summary>Ended, and the next request gets HTTP 500.</summary>
    ServerError,
    /// <summary>Half of the line, then ended.</summary>
    HalfLine,
    /// <summary>Half of the line, then the connection is reset.</summary>
    HalfLineAborted,
    /// <summary>The line is sent in pieces.</summary>
    Trickle,
    /// <summary>Ended, and the next watch gets 200 without a body.</summary>
    Empty,
    /// <summary>Half of the line, then nothing, and the connection stays open.</summary>
    Stalled,
}

/// <summary>
/// Replays a recording byte for byte over HTTP. Lists are as recorded until a line is released; from then on the lines are
/// applied to them. A watch receives the released lines of its kind after its version. Several servers share one port: each
/// has its own base path, as behind a proxy.
/// </summary>
public sealed class RecordedApiServer : IDisposable
{
    private static readonly ConcurrentDictionary<string, RecordedApiServer> Running = new();
    private static readonly Lazy<Task<WebApplication>> Host = new(StartHostAsync);
    private static int s_number;

    private readonly string _path = $"cluster{Interlocked.Increment(ref s_number)}";
    private readonly RecordedFiles _files;
    private readonly ConcurrentDictionary<string, Cut> _answers = new();
    private readonly ConcurrentDictionary<string, RecordedList> _contents = new();
    private readonly CancellationTokenSource _stopped = new();
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _released;
    private int _lists;
    private int _watches;

    private RecordedApiServer(RecordedFiles files) => _files = files;

    public Uri Address { get; private set; } = null!;

    /// <summary>The watch is interrupted once before the line with this index (of <see cref="RecordedFiles.Lines"/>).</summary>
    public ConcurrentDictionary<int, Cut> Cuts { get; } = new();

    /// <summary>Page size of lists, regardless of the requested limit; 0 uses the requested limit.</summary>
    public int PageSize { get; set; }

    /// <summary>Kinds that get an error status, such as 403.</summary>
    public ConcurrentDictionary<string, int> Refused { get; } = new();

    /// <summary>Number of list requests.</summary>
    public int Lists => Volatile.Read(ref _lists);

    /// <summary>Number of opened watches; each is opened after its kind was listed and applied.</summary>
    public int Watches => Volatile.Read(ref _watches);

    /// <summary>Number of lines that may be sent.</summary>
    public int Released
    {
        get => Volatile.Read(ref _released);
        set
        {
            Volatile.Write(ref _released, value);
            Interlocked.Exchange(ref _more, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
        }
    }

    public static async Task<RecordedApiServer> StartAsync(RecordedFiles files)
    {
        var server = new RecordedApiServer(files);
        var host = await Host.Value;
        server.Address = new Uri($"{host.Urls.First()}/{server._path}");
        Running[server._path] = server;
        return server;
    }

    /// <summary>Writes a kubeconfig file for this server.</summary>
    public string WriteKubeconfig() => TestKubeconfig.Write(Address.ToString());

    public void Dispose()
    {
        Running.TryRemove(_path, out _);
        _stopped.Cancel();
    }

    private static async Task<WebApplication> StartHostAsync()
    {
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var host = builder.Build();
        host.Run(async context =>
        {
            string[] path = context.Request.Path.Value!.Split('/', StringSplitOptions.RemoveEmptyEntries);
            if (path.Length > 1 && Running.TryGetValue(path[0], out var server))
                await server.AnswerAsync(context, path[^1]);
            else
                context.Response.StatusCode = StatusCodes.Status404NotFound;
        });
        await host.StartAsync();
        return host;
    }

    private async Task AnswerAsync(HttpContext context, string kind)
    {
        if (kind == "version")
        {
            await context.Response.WriteAsync("{}");
        }
        else if (Refused.TryGetValue(kind, out int status))
        {
            context.Response.StatusCode = status;
        }
        else if (_answers.TryRemove(kind, out var answer))
        {
            context.Response.StatusCode = answer switch { Cut.Gone => 410, Cut.ServerError => 500, _ => 200 };
        }
        else if (context.Request.Query["watch"] == "true")
        {
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _stopped.Token);
            try
            {
                await WatchAsync(context, kind, long.Parse(context.Request.Query["resourceVersion"].First() is { Length: > 0 } v ? v : "0"), ended.Token);
            }
            catch (OperationCanceledException)
            {
                // The informer was stopped.
            }
        }
        else
        {
            Interlocked.Increment(ref _lists);
            await ListAsync(context, kind);
        }
    }

    private async Task ListAsync(HttpContext context, string kind)
    {
        int released = Released;
        bool touched = _files.LinesOf(kind) is [var first, ..] && first < released;
        if (!touched && PageSize == 0 && _files.Lists.TryGetValue(kind, out byte[]? raw))
        {
            await context.Response.Body.WriteAsync(raw);
            return;
        }

        var (items, version) = After(kind, released);
        int from = int.Parse(context.Request.Query["continue"].FirstOrDefault() ?? "0");
        int size = PageSize > 0 ? PageSize : int.Parse(context.Request.Query["limit"].FirstOrDefault() ?? "500");
        string next = from + size < items.Count ? $",\"continue\":\"{from + size}\"" : "";
        await context.Response.WriteAsync(
            $$$"""{"metadata":{"resourceVersion":"{{{version}}}"{{{next}}}},"items":[{{{string.Join(",", items.Skip(from).Take(size))}}}]}""");
    }

    /// <summary>The content of a list after a number of lines.</summary>
    private (IReadOnlyList<string> Items, long Version) After(string kind, int lines)
    {
        var content = _contents.GetOrAdd(kind, k => new RecordedList(_files, k));
        lock (content)
            return content.After(lines);
    }

    private async Task WatchAsync(HttpContext context, string kind, long version, CancellationToken ct)
    {
        await context.Response.Body.FlushAsync(ct);
        Interlocked.Increment(ref _watches);
        var lines = _files.LinesOf(kind);
        for (int next = 0; ; next++)
        {
            // Read before the count, so that a release in between is not missed.
            var more = Volatile.Read(ref _more).Task;
            if (next >= lines.Count || lines[next] >= Released)
            {
                await more.WaitAsync(ct);
                next--;
                continue;
            }

            int index = lines[next];
            var line = _files.Lines[index];
            if (line.Version <= version)
                continue;
            byte[] bytes = Encoding.UTF8.GetBytes(line.Line + "\n");
            if (!Cuts.TryRemove(index, out var cut))
                await context.Response.Body.WriteAsync(bytes, ct);
            else if (!await CutAsync(context, kind, cut, bytes, ct))
                return;
            await context.Response.Body.FlushAsync(ct);
        }
    }

    /// <returns>False if the watch ends.</returns>
    private async Task<bool> CutAsync(HttpContext context, string kind, Cut cut, byte[] line, CancellationToken ct)
    {
        var body = context.Response.Body;
        switch (cut)
        {
            case Cut.Gone or Cut.ServerError or Cut.Empty:
                _answers[kind] = cut;
                return false;
            case Cut.GoneEvent:
                await context.Response.WriteAsync("""{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old resource version"}}""" + "\n", ct);
                return false;
            case Cut.HalfLine or Cut.HalfLineAborted or Cut.Stalled:
                await body.WriteAsync(line.AsMemory(0, line.Length / 2), ct);
                await body.FlushAsync(ct);
                if (cut == Cut.HalfLineAborted)
                    context.Abort();
                if (cut == Cut.Stalled)
                    await Task.Delay(Timeout.Infinite, ct);
                return false;
            case Cut.Trickle:
                for (int from = 0; from < line.Length; from += (line.Length / 5) + 1)
                {
                    await body.WriteAsync(line.AsMemory(from, Math.Min((line.Length / 5) + 1, line.Length - from)), ct);
                    await body.FlushAsync(ct);
                    await Task.Delay(1, ct);
                }

                return true;
            case Cut.Aborted:
                context.Abort();
                return false;
            default:
                return false;
        }
    }
}
