using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.AspNetCore.SignalR.Protocol;
using Microsoft.Extensions.DependencyInjection;

namespace ConntrackConsole.Bench.Load.Pages;

/// <summary>
/// A page of the console without a browser: it opens a circuit as blazor.web.js does, takes every render and answers every call of
/// JavaScript at once, so that only the console's work is measured.
/// </summary>
internal sealed partial class OpenPage : IAsyncDisposable
{
    // JSCallResultType of Microsoft.JSInterop.
    private const int ObjectReference = 1;
    private const int NoResult = 3;

    // Where the bytes of a view have its version.
    private const int VersionAt = 4;

    private readonly HubConnection _connection;
    private readonly PageTotals _totals;
    private long _objects;
    private double _version;
    private bool _isClosing;

    private OpenPage(HubConnection connection, PageTotals totals)
    {
        (_connection, _totals) = (connection, totals);
        connection.On("JS.RenderBatch", [typeof(int), typeof(byte[])], (arguments, _) =>
        {
            totals.Render(((byte[])arguments[1]!).Length);
            return connection.SendAsync("OnRenderCompleted", (int)arguments[0]!, (string?)null);
        }, this);
        connection.On("JS.BeginInvokeJS", [typeof(long), typeof(string), typeof(string), typeof(int), typeof(long), typeof(int)], (arguments, _) => AnswerAsync(
            (long)arguments[0]!, (string)arguments[1]!, (int)arguments[3]!), this);
        connection.On("JS.ReceiveByteArray", [typeof(int), typeof(byte[])], (arguments, _) =>
        {
            byte[] bytes = (byte[])arguments[1]!;
            if (bytes.Length >= VersionAt + sizeof(double))
                _version = BitConverter.ToDouble(bytes, VersionAt);
            totals.Received(bytes.Length);
            return Task.CompletedTask;
        }, this);
        connection.On("JS.AttachComponent", [typeof(int), typeof(string)], (_, _) => Task.CompletedTask, this);
        connection.On("JS.EndInvokeDotNet", [typeof(string), typeof(bool), typeof(string)], (_, _) => Task.CompletedTask, this);
        connection.On("JS.Error", [typeof(string)], (arguments, _) =>
        {
            End((string)arguments[0]!);
            return Task.CompletedTask;
        }, this);
        connection.Closed += failure =>
        {
            End(failure?.Message ?? "the connection was closed");
            return Task.CompletedTask;
        };
    }

    /// <param name="path">Path and query of the page.</param>
    /// <param name="session">A signed-in user's cookies.</param>
    /// <exception cref="InvalidOperationException">The answer has no component, or the console opens no circuit.</exception>
    public static async Task<OpenPage> OpenAsync(Uri console, string path, CookieContainer session, PageTotals totals)
    {
        var url = new Uri(console, path);
        using var client = new HttpClient(new HttpClientHandler { CookieContainer = session });
        string html = await client.GetStringAsync(url);
        string[] markers = [.. Marker().Matches(html).Select(match => match.Groups[1].Value)];
        if (markers.Length == 0)
            throw new InvalidOperationException($"{path} contains no component.");
        var builder = new HubConnectionBuilder().WithUrl(new Uri(console, "_blazor"), HttpTransportType.WebSockets, options => options.Cookies = session);
        builder.Services.AddSingleton<IHubProtocol, BlazorPack>();
        var page = new OpenPage(builder.Build(), totals);
        await page._connection.StartAsync();
        string state = State().Match(html) is { Success: true } match ? match.Groups[1].Value : "";
        if (await page._connection.InvokeAsync<string?>("StartCircuit", console.ToString(), url.ToString(), "[]", state) is null)
            throw new InvalidOperationException($"The console opens no circuit for {path}.");
        string components = string.Join(',', markers.Select((marker, i) => $$"""{"type":"add","ssrComponentId":{{i + 1}},"marker":{{marker}}}"""));
        await page._connection.SendAsync("UpdateRootComponents", $$"""{"batchId":1,"operations":[{{components}}]}""", state);
        return page;
    }

    public async ValueTask DisposeAsync()
    {
        _isClosing = true;
        await _connection.DisposeAsync();
    }

    private void End(string problem)
    {
        if (!_isClosing)
            _totals.End(problem);
    }

    private Task AnswerAsync(long call, string function, int resultType)
    {
        if (function == "draw")
            _totals.Draw();
        string result = resultType == ObjectReference
            ? $$"""{"__jsObjectId":{{Interlocked.Increment(ref _objects)}}}"""
            : function switch
            {
                _ when resultType == NoResult => "null",
                "draw" => _version.ToString(CultureInfo.InvariantCulture),
                "plotWidth" => "1000",
                "start" => """{"choice":"system","dark":false,"timeZone":"UTC","hidden":false}""",
                _ => "null",
            };
        return call == 0 ? Task.CompletedTask : _connection.SendAsync("EndInvokeJSFromDotNet", call, true, string.Create(CultureInfo.InvariantCulture, $"[{call},true,{result}]"));
    }

    [GeneratedRegex("<!--Blazor:(\\{.*?\\})-->", RegexOptions.Singleline)]
    private static partial Regex Marker();

    [GeneratedRegex("<!--Blazor-Server-Component-State:(.*?)-->", RegexOptions.Singleline)]
    private static partial Regex State();
}
