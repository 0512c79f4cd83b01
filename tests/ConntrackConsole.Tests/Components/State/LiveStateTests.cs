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

    [Theory]
    [InlineData("?range=15m&pod=10.1.0.5&tz=local&lanes=all")]
    [InlineData("?range=15m&lanes=findings,-resets")]
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
