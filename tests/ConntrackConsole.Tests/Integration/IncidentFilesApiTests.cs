using System.Net;
using System.Text.Json;
using ConntrackConsole.Cli.Incidents;
using ConntrackConsole.Incidents.Files;
using ConntrackConsole.Tests.Integration.Hosting;
using ConntrackConsole.Timeline.Model;
using Xunit;
using static ConntrackConsole.Tests.Timeline.Frames;

namespace ConntrackConsole.Tests.Integration;

public sealed class IncidentFilesApiTests : IAsyncLifetime
{
    private const string Path = "/api/v1/incidents/export";

    private readonly CookieContainer _cookies = new();
    private ConsoleHost _host = null!;
    private HttpClient _program = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _host = await ConsoleHost.StartAsync();
        _program = new HttpClient(new HttpClientHandler { CookieContainer = _cookies }) { BaseAddress = new Uri(_host.Url) };
        await _program.GetAsync($"/signin?token={ConsoleHost.SignInToken}", Ct);
    }

    public async ValueTask DisposeAsync()
    {
        _program.Dispose();
        await _host.DisposeAsync();
    }

    [Theory]
    [InlineData("", 400, "query.invalid_time")]
    [InlineData("from=2026-11-24T12:00:00Z", 400, "query.invalid_time")]
    [InlineData("from=2026-11-24T12:00:00Z&to=2026-11-24T12:00:00Z", 400, "query.range_reversed")]
    [InlineData("from=1969-11-24T12:00:00Z&to=2026-11-24T12:00:00Z", 400, "query.too_early")]
    [InlineData("from=2026-11-20T12:00:00Z&to=2026-11-22T12:00:00Z", 400, "incident.too_large")]
    [InlineData("from=2026-11-24T12:00:00Z&to=2026-11-24T13:00:00Z&audit=yes", 400, "query.unknown_value")]
    [InlineData("from=2026-11-24T12:00:00Z&to=2026-11-24T13:00:00Z&pod=a", 400, "query.unknown_parameter")]
    [InlineData("from=2026-11-24T12:00:00Z&to=2026-11-24T13:00:00Z", 404, "incident.empty_window")]
    public async Task Get_WhatCannotBeExported_IsRefusedWithCode(string query, int status, string code)
    {
        using var answer = await _program.GetAsync($"{Path}?{query}", Ct);
        using var problem = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Ct));
        Assert.Equal((status, code), ((int)answer.StatusCode, problem.RootElement.GetProperty("code").GetString()));
    }

    [Fact]
    public async Task Get_WithoutSession_Is401()
    {
        using var stranger = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(_host.Url) };
        using var answer = await stranger.GetAsync(Path, Ct);
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    /// <summary>The console's own reason, and that of a console that is not there.</summary>
    [Theory]
    [InlineData(true, "incident.empty_window")]
    [InlineData(false, "incident.unavailable")]
    public async Task Export_Refused_HasTheCode(bool hasSession, string code)
    {
        string cookie = _cookies.GetCookieHeader(new Uri(_host.Url));
        var refusal = await Assert.ThrowsAsync<IncidentFileException>(() => IncidentSource.GetAsync(
            new Uri(_host.Url), hasSession ? cookie : null, "from=2026-11-24T12:00:00Z&to=2026-11-24T13:00:00Z", Ct));
        Assert.Equal(code, refusal.Code);
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("&audit=false", false)]
    public async Task Get_StoredWindow_IsAFileWithItsFramesAndFacts(string audit, bool hasAudit)
    {
        long t0 = (DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000 * 1000) - 20_000;
        await using var collector = new TestCollector("node1", _host.Url, ConsoleHost.Token);
        await collector.ConnectAsync();
        for (ulong second = 1; second <= 5; second++)
            collector.Send(Frame(second, t0 + ((long)second * 1_000), second == 1, (Group, (uint)second, 0)));
        await Eventually.TrueAsync(() => collector.StoredOf(1).Count == 5);

        string window = $"from={DateTimeOffset.FromUnixTimeMilliseconds(t0):yyyy-MM-dd'T'HH:mm:ss'Z'}&to={DateTimeOffset.UtcNow.AddHours(1):yyyy-MM-dd'T'HH:mm:ss'Z'}";
        using var answer = await _program.GetAsync($"{Path}?{window}{audit}", Ct);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal($"{DateTimeOffset.FromUnixTimeMilliseconds(t0):yyyyMMdd-HHmmss}.incident", answer.Content.Headers.ContentDisposition?.FileName);
        var read = IncidentCodec.Read(await answer.Content.ReadAsByteArrayAsync(Ct));
        var node = Assert.Single(read.Nodes);
        Assert.Equal(("node1", 5, "6.18"), (node.Name, node.Frames.Count, node.Hello?.Kernel));
        Assert.Equal(hasAudit, read.Audit.Count > 0);
        var view = new IncidentReplay(read).Timeline(Ct).Query(new TimelineQuery(t0, t0 + 5_000, 5));
        Assert.Equal([1, 2, 3, 4, 5], Assert.Single(Assert.Single(view.Services).Backends).Entries);
    }
}
