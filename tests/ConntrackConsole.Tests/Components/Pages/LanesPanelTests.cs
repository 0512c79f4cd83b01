using Bunit;
using ConntrackConsole.Components.Controls.Timeline;
using ConntrackConsole.Components.Pages;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ConntrackConsole.Tests.Components.Pages;

/// <summary>The lanes of the chart: chosen in a panel, kept in the URL, drawn by the canvas.</summary>
public sealed class LanesPanelTests : IAsyncDisposable
{
    private readonly ConsolePages _console = new();

    [Fact]
    public async Task Page_LaneChosen_IsInTheUrl_AndTheCanvasArrangesItsLanes()
    {
        _console.AddDeadPod();
        var page = Open("?lanes=resets,gaps");
        var panel = page.FindComponent<LanesPanel>();

        await page.InvokeAsync(() => panel.Instance.OnChosen.InvokeAsync("gaps,-resets"));

        Assert.Contains("lanes=gaps,-resets", Uri.UnescapeDataString(_console.Uri), StringComparison.Ordinal);
        page.WaitForAssertion(() => Assert.Equal("gaps,-resets", page.FindComponent<TimelineChart>().Instance.Lanes));

        await page.InvokeAsync(() => page.FindComponent<TimelineChart>().Instance.LaneExpanded("resets"));
        Assert.Contains("lanes=gaps,resets", Uri.UnescapeDataString(_console.Uri), StringComparison.Ordinal);

        await page.InvokeAsync(() => panel.Instance.OnChosen.InvokeAsync(""));
        Assert.DoesNotContain("lanes=", _console.Uri, StringComparison.Ordinal);
    }

    [Fact]
    public void Page_UnknownLanesInTheUrl_AreNamed_AndKept()
    {
        _console.AddDeadPod();
        var page = Open("?lanes=resets,dns");

        page.WaitForAssertion(() => Assert.Equal(
            "This version has no lane named dns: the other lanes of the link are shown, and the link keeps the name.", page.Find("[data-testid=unknown-lanes]").TextContent));
        Assert.Equal("resets,dns", page.FindComponent<TimelineChart>().Instance.Lanes);
    }

    [Fact]
    public void Page_WithoutLanes_NamesThePanel()
    {
        _console.AddDeadPod();

        Assert.Contains("Lanes", Open("?lanes=none").WaitForElement("[data-testid=no-lanes]").TextContent, StringComparison.Ordinal);
    }

    private IRenderedComponent<LivePage> Open(string query)
    {
        _console.Context.Services.GetRequiredService<NavigationManager>().NavigateTo("/" + query);
        return _console.Context.Render<LivePage>();
    }

    public ValueTask DisposeAsync() => _console.DisposeAsync();
}
