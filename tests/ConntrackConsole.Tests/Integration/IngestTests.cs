using System.Net;
using System.Runtime.Versioning;
using ConntrackConsole.Ingest;
using ConntrackConsole.Tests.Integration.Hosting;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;
using Xunit;
using static ConntrackConsole.Tests.Timeline.Frames;

namespace ConntrackConsole.Tests.Integration;

public sealed class IngestTests : IAsyncLifetime
{
    private ConsoleHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await ConsoleHost.StartAsync();

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    /// <summary>Thousands of collectors that resend at once must not fill memory with what nobody has read yet.</summary>
    [Fact]
    public void Receiving_IsLimitedForEachConnection() =>
        Assert.InRange(_host.Get<IOptions<KestrelServerOptions>>().Value.Limits.MaxRequestBufferSize ?? long.MaxValue, 1, 128 * 1024);

    [Fact]
    public async Task Frames_OverRealConnection_AreInTheView()
    {
        await using var collector = new TestCollector("node1", _host.Url, ConsoleHost.Token);
        Assert.True((await collector.ConnectAsync()).Accepted);
        long now = Now;
        var frame = Frame(1, now, true, (Group, 4, 1));
        frame.Resets.Add(Reset(now - 200, ResetKind.UnNated));
        collector.Send(frame);
        collector.Send(Frame(2, now + 1_000, false, (Group, 5, 0)));
        await Eventually.TrueAsync(() => View(now).Services is [{ Backends: [{ Entries: [_, 5] }] }]);

        var view = View(now);
        Assert.Equal([4, 5], view.Services[0].Backends[0].Entries);
        Assert.Equal(1, view.Resets.UnNated.Sum());
        var health = Assert.Single(view.Nodes);
        Assert.True(health is { Node: "node1", Connected: true, Count: 100, Max: 1000 });
    }

    [Fact]
    [SupportedOSPlatform("linux")]
    public async Task Frames_OverUnixSocket_ConsoleWithoutToken_NeedNone()
    {
        _host = await _host.RestartWithAsync();
        await using var collector = new TestCollector("node1", "http://localhost", null, _host.Socket);
        Assert.True((await collector.ConnectAsync()).Accepted);
        long now = Now;
        collector.Send(Frame(1, now, true, (Group, 4, 0)));
        await Eventually.TrueAsync(() => View(now).Services.Count == 1);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_host.Socket));
    }

    [Fact]
    public async Task Frames_SequenceJump_IsAGap()
    {
        await using var collector = new TestCollector("node1", _host.Url, ConsoleHost.Token);
        await collector.ConnectAsync();
        long now = Now;
        collector.Send(Frame(1, now, true, (Group, 4, 0)));
        collector.Send(Frame(5, now + 1_000, true, (Group, 4, 0)));
        await Eventually.TrueAsync(() => View(now).Gaps.Count > 0);
        Assert.Equal(GapKind.SequenceJump, View(now).Gaps[0].Kind);
    }

    [Fact]
    public async Task Frames_CollectorDisconnects_IsShownDisconnectedThenSilent()
    {
        long now = Now;
        await using (var collector = new TestCollector("node1", _host.Url, ConsoleHost.Token))
        {
            await collector.ConnectAsync();
            collector.Send(Frame(1, now, true, (Group, 4, 0)));
            await Eventually.TrueAsync(() => View(now).Services.Count == 1);
        }

        await Eventually.TrueAsync(() => !View(now).Nodes[0].Connected);
        int signals = 0;
        using var subscription = _host.Get<TimelineStore>().Subscribe(() => Interlocked.Increment(ref signals));
        await Eventually.TrueAsync(() => View(now).Gaps.Any(g => g.Kind == GapKind.Silent));
        // Pages are notified although nothing arrives any more.
        await Eventually.TrueAsync(() => Volatile.Read(ref signals) > 0);
    }

    [Fact]
    public async Task Frames_InvalidFrame_EndsConnectionAndLeavesGap()
    {
        await using var collector = new TestCollector("node1", _host.Url, ConsoleHost.Token);
        await collector.ConnectAsync();
        collector.Send([1, 2, 3, 4, 5]);
        await Eventually.TrueAsync(() => !collector.IsConnected);
        await Eventually.TrueAsync(() => View(Now).Gaps.Any(g => g.Text.Contains("cannot be read")));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("not-the-token-of-this-console")]
    public async Task Connect_WithoutToken_IsRejected(string? token)
    {
        await using var collector = new TestCollector("node1", _host.Url, token);
        var refusal = await Assert.ThrowsAsync<HttpRequestException>(() => collector.ConnectAsync());
        Assert.Equal(HttpStatusCode.Unauthorized, refusal.StatusCode);
    }

    [Fact]
    public async Task Connect_SecondCollectorOfANode_LaterRunWins()
    {
        await using var first = new TestCollector("node1", _host.Url, ConsoleHost.Token);
        await using var second = new TestCollector("node1", _host.Url, ConsoleHost.Token);
        Assert.True((await first.ConnectAsync(5)).Accepted);
        Assert.True((await second.ConnectAsync(6)).Accepted);
        await Eventually.TrueAsync(() => !first.IsConnected);
        Assert.True(second.IsConnected);
        await using var third = new TestCollector("node1", _host.Url, ConsoleHost.Token);
        Assert.Equal(CollectorErrorCodes.NewerCollector, (await third.ConnectAsync(5)).Code);
    }

    [Fact]
    public async Task Restart_ResetsOfTheLastHour_AreKept()
    {
        long now = Now - 5_000;
        await using (var collector = new TestCollector("node1", _host.Url, ConsoleHost.Token))
        {
            await collector.ConnectAsync();
            var frame = Frame(1, now, true);
            frame.Resets.Add(Reset(now - 200, ResetKind.FromBackend));
            collector.Send(frame);
            await Eventually.TrueAsync(() => View(now).Resets.FromBackend.Sum() == 1);
        }

        _host = await _host.RestartAsync();
        Assert.Equal(1, View(now).Resets.FromBackend.Sum());
    }

    private TimelineView View(long now) => _host.Get<TimelineStore>().Query(new TimelineQuery(now - 1_000, now + 1_000, 2));

    private static long Now => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000 * 1000;
}
