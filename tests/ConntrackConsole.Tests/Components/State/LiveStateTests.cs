using ConntrackConsole.Components.State;
using Xunit;

namespace ConntrackConsole.Tests.Components.State;

public sealed class LiveStateTests
{
    private const string Page = "http://console/";

    [Fact]
    public void Parse_EmptyUrl_IsLiveWithFiveMinutes()
    {
        var state = LiveState.Parse(Page, Views.NowMs);

        Assert.True(state.Live);
        Assert.Equal(300_000, state.RangeMs);
    }

    /// <summary>An incident file has one window: what the URL does not choose is all of it, and never live.</summary>
    [Theory]
    [InlineData("", 90_000, 1_000_090_000)]
    [InlineData("?range=15m&pod=10.1.0.5", 90_000, 1_000_090_000)]
    [InlineData("?live=0", 90_000, 1_000_090_000)]
    [InlineData("?live=0&from=1970-01-12T13:46:50.000Z&to=1970-01-12T13:47:30.000Z", 40_000, 1_000_050_000)]
    public void Parse_OfAnIncidentFile_IsItsWindow(string query, long rangeMs, long toMs)
    {
        var state = LiveState.Parse(Page + query, 1_000_090_000, (1_000_000_000, 1_000_090_000));

        Assert.Equal((false, rangeMs, toMs), (state.Live, state.RangeMs, state.ToMs));
    }

    [Theory]
    [InlineData("?range=15m&pod=10.1.0.5&tz=local&lanes=all")]
    [InlineData("?range=15m&lanes=findings,-resets")]
    [InlineData("?range=15m&view=table&kiosk=1")]
    [InlineData("?range=15m&lanes=all,gaps,someday")]
    [InlineData("?live=0&from=2026-11-23T16:00:00.000Z&to=2026-11-23T16:01:30.250Z&ns=shop&svc=orders&node=node-a")]
    public void ToQuery_OfAParsedUrl_RoundTrips(string query)
    {
        var state = LiveState.Parse(Page + query, Views.NowMs);

        string written = string.Join('&', state.ToQuery().Where(pair => pair.Value is not null).Select(pair => $"{pair.Key}={Uri.EscapeDataString((string)pair.Value!)}"));

        Assert.Equal(state, LiveState.Parse($"{Page}?{written}", Views.NowMs));
        Assert.Equal(query.Count(c => c == '='), written.Count(c => c == '='));
    }

    [Theory]
    [InlineData("?range=99y")]
    [InlineData("?from=yesterday&to=<script>")]
    [InlineData("?from=2026-11-23T16:00:00Z&to=2026-11-23T15:00:00Z")]
    [InlineData("?pod=10.1&range=")]
    [InlineData("?pod=';drop table")]
    [InlineData("?%%%&&&===")]
    public void Parse_InvalidValues_AreIgnored(string query)
    {
        Assert.Equal(LiveState.Parse(Page, Views.NowMs), LiveState.Parse(Page + query, Views.NowMs));
    }

    [Fact]
    public void Parse_EnormousRange_IsClamped()
    {
        var state = LiveState.Parse(Page + "?from=0001-01-02T00:00:00Z&to=9999-01-01T00:00:00Z", Views.NowMs);

        Assert.Equal(LiveState.MaxRangeMs, state.RangeMs);
    }

    [Fact]
    public void Resumed_AfterAZoom_UsesTheNextPreset()
    {
        var state = LiveState.Parse(Page, Views.NowMs).Between(Views.NowMs - 400_000, Views.NowMs).Resumed();

        Assert.Equal((true, 900_000L), (state.Live, state.RangeMs));
    }

    [Fact]
    public void Between_VeryShortSelection_IsTenSecondsAroundIt()
    {
        var state = LiveState.Parse(Page, Views.NowMs).Between(Views.NowMs - 1_000, Views.NowMs);

        Assert.Equal((10_000L, Views.NowMs + 4_500), (state.RangeMs, state.ToMs));
    }
}
