using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace ConntrackConsole.Lab.Cluster;

/// <summary>
/// A small Kubernetes API server on loopback: list (with paging), get and watch (with bookmarks, timeouts and 410 Gone)
/// for the kinds of <see cref="ResourceKind.All"/>, behind a bearer token. Read-only.
/// </summary>
internal sealed class ApiServer : IAsyncDisposable
{
    private readonly ObjectStore _store;
    private readonly byte[] _authorization;
    private readonly TimeSpan _bookmarkInterval;
    private readonly IReadOnlyCollection<string> _forbidden;
    private CancellationTokenSource _stopping = new();
    private WebApplication? _application;
    private volatile bool _isStarting;

    private ApiServer(ObjectStore store, string token, TimeSpan bookmarkInterval, IReadOnlyCollection<string> forbidden)
    {
        _store = store;
        _authorization = Encoding.UTF8.GetBytes($"Bearer {token}");
        _bookmarkInterval = bookmarkInterval;
        _forbidden = forbidden;
        Token = token;
    }

    public string Token { get; }

    public Uri Address { get; private set; } = null!;

    /// <param name="store">The objects to serve.</param>
    /// <param name="bookmarkInterval">Idle time of a watch before a bookmark.</param>
    /// <param name="forbidden">Plural names of the resources that the token may not read (403).</param>
    public static async Task<ApiServer> StartAsync(ObjectStore store, TimeSpan bookmarkInterval, IReadOnlyCollection<string>? forbidden = null)
    {
        var server = new ApiServer(store, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24)), bookmarkInterval, forbidden ?? []);
        server.Address = await server.ListenAsync(0);
        return server;
    }

    /// <summary>
    /// As a real one restarts: connections are refused, then every request gets 403 until its authorization objects are read, then
    /// every old watch gets 410.
    /// </summary>
    public Task RestartAsync(TimeSpan down, TimeSpan starting, CancellationToken ct = default) =>
        RestartAsync(() => Task.Delay(down, ct), () => Task.Delay(starting, ct));

    /// <summary>The same, for as long as two tasks take.</summary>
    public async Task RestartAsync(Func<Task> down, Func<Task> starting)
    {
        ArgumentNullException.ThrowIfNull(down);
        ArgumentNullException.ThrowIfNull(starting);
        await StopAsync();
        _store.ForgetHistory();
        await down();
        _stopping = new CancellationTokenSource();
        _isStarting = true;
        await ListenAsync(Address.Port);
        await starting();
        _isStarting = false;
    }

    public async ValueTask DisposeAsync() => await StopAsync();

    private async Task<Uri> ListenAsync(int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(options => options.Listen(IPAddress.Loopback, port, listen => listen.Protocols = HttpProtocols.Http1AndHttp2));
        _application = builder.Build();
        _application.Run(AnswerAsync);
        await _application.StartAsync();
        return new Uri(_application.Urls.Single());
    }

    private async Task StopAsync()
    {
        if (_application is null)
            return;
        await _stopping.CancelAsync(); // Watches are endless; without this, stopping would wait for them.
        await _application.DisposeAsync();
        _stopping.Dispose();
        _application = null;
    }

    private Task AnswerAsync(HttpContext context)
    {
        string path = context.Request.Path.Value ?? "/";
        if (!CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(context.Request.Headers.Authorization.ToString()), _authorization))
            return StatusAsync(context, 401, "Unauthorized", "Unauthorized");
        if (_isStarting)
            return StatusAsync(context, 403, "Forbidden", $"forbidden: User \"lab\" cannot get path \"{path}\"");
        if (context.Request.Method != "GET")
            return StatusAsync(context, 405, "MethodNotAllowed", "the lab's API server is read-only");
        if (Discovery.TryFind(path) is { } document)
            return JsonAsync(context, 200, document);
        if (ResourcePath.TryParse(path) is not { } resource)
            return StatusAsync(context, 404, "NotFound", "the server could not find the requested resource");
        if (_forbidden.Contains(resource.Kind.Plural))
            return StatusAsync(context, 403, "Forbidden", Forbidden(context, resource));
        if (context.Request.Query.ContainsKey("labelSelector") || context.Request.Query.ContainsKey("fieldSelector"))
            return StatusAsync(context, 400, "BadRequest", "the lab's API server does not support selectors");
        return resource switch
        {
            { Name: not null } => GetAsync(context, resource),
            _ when context.Request.Query["watch"] is [var watch] && watch is "true" or "1" => WatchAsync(context, resource),
            _ => ListAsync(context, resource),
        };
    }

    private Task GetAsync(HttpContext context, ResourcePath path) =>
        _store.Get(path.Kind.Plural, path.Namespace ?? "", path.Name!) is { } found
            ? BytesAsync(context, found)
            : StatusAsync(context, 404, "NotFound", $"{path.Kind.Plural} \"{path.Name}\" not found");

    private async Task ListAsync(HttpContext context, ResourcePath path)
    {
        var query = context.Request.Query;
        if (!TryNumber(query["limit"], out long limit))
        {
            await StatusAsync(context, 400, "BadRequest", "limit: not a number");
            return;
        }

        string? after = null;
        long? pinned = null;
        if (query["continue"] is [{ Length: > 0 } token])
        {
            if (ListPosition.TryParse(token) is not { } page)
            {
                await StatusAsync(context, 400, "BadRequest", "continue key is not valid");
                return;
            }

            try
            {
                _ = _store.Since(path.Kind.Plural, page.Version, null); // A page's version must still be watchable.
            }
            catch (ExpiredVersionException)
            {
                await StatusAsync(context, 410, "Expired", "The provided continue parameter is too old to display a consistent list result.");
                return;
            }

            (after, pinned) = (page.After, page.Version);
        }

        var (items, version) = _store.List(path.Kind.Plural, path.Namespace, after);
        version = pinned ?? version; // A watch from the first page's version repeats changes made while the client was paging.
        var metadata = new JsonObject { ["resourceVersion"] = Text(version) };
        int count = limit > 0 ? (int)Math.Min(limit, items.Count) : items.Count;
        if (count < items.Count)
        {
            metadata["continue"] = new ListPosition(version, items[count - 1].Key).ToString();
            metadata["remainingItemCount"] = items.Count - count;
        }

        await JsonAsync(context, 200, new JsonObject
        {
            ["kind"] = path.Kind.Kind + "List",
            ["apiVersion"] = path.Kind.ApiVersion,
            ["metadata"] = metadata,
            // Items of a list have no kind and apiVersion of their own, as in a real response.
            ["items"] = new JsonArray([.. items.Take(count).Select(item => Without(JsonNode.Parse(item.Value)!.AsObject()))]),
        });
    }

    private async Task WatchAsync(HttpContext context, ResourcePath path)
    {
        var query = context.Request.Query;
        if (!TryNumber(query["resourceVersion"], out long version) || !TryNumber(query["timeoutSeconds"], out long seconds))
        {
            await StatusAsync(context, 400, "BadRequest", "resourceVersion, timeoutSeconds: not a number");
            return;
        }

        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _stopping.Token);
        end.CancelAfter(TimeSpan.FromSeconds(seconds is > 0 and < 3600 ? seconds : 1800));
        bool bookmarks = query["allowWatchBookmarks"] is [var wanted] && wanted is "true" or "1";
        string kind = path.Kind.Plural;
        try
        {
            List<Change> first = [];
            if (version == 0)
            {
                // "Any version": existing objects are sent as ADDED, then the changes.
                var (items, now) = _store.List(kind, path.Namespace);
                first.AddRange(items.Select(item => new Change(now, "ADDED", "", item.Value)));
                version = now;
            }
            else
            {
                _ = _store.Since(kind, version, path.Namespace);
            }

            context.Response.ContentType = "application/json";
            await context.Response.StartAsync(end.Token);
            foreach (var change in first)
                await EventAsync(context, change.Type, change.Object, end.Token);
            await context.Response.Body.FlushAsync(end.Token);
            await FollowAsync(context, path, version, bookmarks, end.Token);
        }
        catch (ExpiredVersionException e) when (!context.Response.HasStarted)
        {
            await StatusAsync(context, 410, "Expired", e.Message);
        }
        catch (ExpiredVersionException e)
        {
            await EventAsync(context, "ERROR", JsonSerializer.SerializeToUtf8Bytes(Status(410, "Expired", e.Message)), CancellationToken.None);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The watch timed out, or the client disconnected.
        }
    }

    private async Task FollowAsync(HttpContext context, ResourcePath path, long version, bool bookmarks, CancellationToken end)
    {
        while (true)
        {
            var (changes, now, next) = _store.Since(path.Kind.Plural, version, path.Namespace);
            foreach (var change in changes)
                await EventAsync(context, change.Type, change.Object, end);
            if (changes.Count > 0)
                await context.Response.Body.FlushAsync(end);
            version = now;

            // Idle for the bookmark interval: report the version up to which this client has received everything.
            var quiet = Task.Delay(_bookmarkInterval, end);
            if (await Task.WhenAny(next, quiet) != next)
            {
                await quiet;
                if (bookmarks)
                {
                    await EventAsync(context, "BOOKMARK", JsonSerializer.SerializeToUtf8Bytes(new JsonObject
                    {
                        ["kind"] = path.Kind.Kind,
                        ["apiVersion"] = path.Kind.ApiVersion,
                        ["metadata"] = new JsonObject { ["resourceVersion"] = Text(version), ["creationTimestamp"] = null },
                    }), end);
                    await context.Response.Body.FlushAsync(end);
                }
            }
        }
    }

    private static async Task EventAsync(HttpContext context, string type, byte[] value, CancellationToken end)
    {
        var body = context.Response.Body;
        await body.WriteAsync(Encoding.ASCII.GetBytes($"{{\"type\":\"{type}\",\"object\":"), end);
        await body.WriteAsync(value, end);
        await body.WriteAsync("}\n"u8.ToArray(), end);
    }

    private static JsonObject Status(int code, string reason, string message) => new()
    {
        ["kind"] = "Status",
        ["apiVersion"] = "v1",
        ["metadata"] = new JsonObject(),
        ["status"] = "Failure",
        ["message"] = message,
        ["reason"] = reason,
        ["code"] = code,
    };

    private static Task StatusAsync(HttpContext context, int code, string reason, string message) =>
        JsonAsync(context, code, Status(code, reason, message));

    private static Task JsonAsync(HttpContext context, int code, JsonObject value)
    {
        context.Response.StatusCode = code;
        return BytesAsync(context, JsonSerializer.SerializeToUtf8Bytes(value));
    }

    private static Task BytesAsync(HttpContext context, byte[] bytes)
    {
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = bytes.Length;
        return context.Response.Body.WriteAsync(bytes).AsTask();
    }

    private static string Forbidden(HttpContext context, ResourcePath path)
    {
        string verb = path.Name is not null ? "get" : context.Request.Query["watch"] is [var watch] && watch is "true" or "1" ? "watch" : "list";
        string scope = path.Namespace is { } space ? $"in the namespace \"{space}\"" : "at the cluster scope";
        return $"{path.Kind.Plural}{(path.Kind.Group.Length > 0 ? "." + path.Kind.Group : "")} is forbidden: User \"lab\" cannot {verb} resource "
            + $"\"{path.Kind.Plural}\" in API group \"{path.Kind.Group}\" {scope}";
    }

    private static JsonObject Without(JsonObject item)
    {
        item.Remove("kind");
        item.Remove("apiVersion");
        return item;
    }

    private static bool TryNumber(string? text, out long number)
    {
        number = 0;
        return string.IsNullOrEmpty(text) || (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number));
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
