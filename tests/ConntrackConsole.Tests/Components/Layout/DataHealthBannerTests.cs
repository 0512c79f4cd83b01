using Bunit;
using ConntrackConsole.Components.Layout;
using ConntrackConsole.Components.State;
using Xunit;

namespace ConntrackConsole.Tests.Components.Layout;

public sealed class DataHealthBannerTests : IAsyncDisposable
{
    private readonly ConsolePages _console = new();

    [Fact]
    public void Banner_Healthy_IsHidden()
    {
        _console.AddDeadPod();

        Assert.Empty(_console.Context.Render<DataHealthBanner>().FindAll("[data-testid=data-health-banner]"));
    }

    [Theory]
    [InlineData(false, false, false)] // none is configured
    [InlineData(true, false, false)] // still loading
    [InlineData(true, true, true)]
    public void Status_IsGreenOnlyWhereTheClusterIsReadAndCurrent(bool hasCluster, bool ready, bool green) =>
        Assert.Equal(green, DataHealth.From([], hasCluster, ready, TimeSpan.Zero, null, 0).IsClusterHealthy);

    [Fact]
    public void Banner_CollectorSilent_ShowsAgeAndCommand()
    {
        _console.AddDeadPod();
        var banner = _console.Context.Render<DataHealthBanner>();

        for (int second = 0; second < 7; second++)
        {
            _console.Clock.Advance(TimeSpan.FromSeconds(1));
            _console.Cluster.Confirm(_console.NowMs);
        }

        banner.WaitForAssertion(() => Assert.Contains("Live data stopped.", banner.Find("[data-testid=data-health-banner]").TextContent, StringComparison.Ordinal));
        Assert.Contains("conntrack-collector run", banner.Find("code").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void Banner_WatchStopsResponding_ShowsStaleData()
    {
        _console.AddDeadPod();
        var banner = _console.Context.Render<DataHealthBanner>();

        _console.Clock.Advance(TimeSpan.FromSeconds(12));

        banner.WaitForAssertion(() => Assert.Contains("has stopped responding", banner.Markup, StringComparison.Ordinal));
    }

    [Fact]
    public void Banner_ClusterProblem_IsTheMessageOfTheInformer()
    {
        _console.AddDeadPod();
        _console.Cluster.SetProblem("The API server refuses to list pods: <b>forbidden</b>.");

        var banner = _console.Context.Render<DataHealthBanner>();

        Assert.Contains("refuses to list pods: <b>forbidden</b>.", banner.Find("[data-testid=data-health-banner]").TextContent, StringComparison.Ordinal);
    }

    public ValueTask DisposeAsync() => _console.DisposeAsync();
}
