using ConntrackConsole.Tests.Integration.Actions;
using ConntrackConsole.Tests.Integration.Hosting;
using Microsoft.Playwright;
using Xunit;

namespace ConntrackConsole.EndToEnd.Browser;

/// <summary>A preview with more entries than a page draws at once.</summary>
public sealed class LongPreviewTests(Chromium chromium)
{
    // What scrolls the list: a part of the page around it, or the page.
    private const string Scroll =
        """
        (list, part) => {
          let scrolled = list;
          while (scrolled && !(scrolled.scrollHeight > scrolled.clientHeight + 1 && ['auto', 'scroll'].includes(getComputedStyle(scrolled).overflowY))) scrolled = scrolled.parentElement;
          scrolled ??= document.scrollingElement;
          scrolled.scrollTop = part * scrolled.scrollHeight;
        }
        """;

    /// <summary>Nothing is deleted that was not shown: the last entry of a preview can be scrolled to.</summary>
    [Fact]
    public async Task Preview_SixHundredEntries_ScrollToTheLast()
    {
        await using var scene = await ActionScene.StartAsync(nodes: 1);
        scene.Entries["node1"] = 600;
        var plan = await scene.PreviewAsync();
        await using var tab = await chromium.OpenAsync($"{scene.Host.Url}/signin?token={ConsoleHost.SignInToken}");
        var page = tab.Page;
        await page.GotoAsync($"{scene.Host.Url}/actions?action={plan.Id}");
        var entries = page.GetByTestId("preview-entries");
        await Assertions.Expect(entries.GetByText("10.1.1.1:1024")).ToBeVisibleAsync();
        await entries.EvaluateAsync(Scroll, 1.0);
        await Assertions.Expect(entries.GetByText("10.1.1.1:1623")).ToBeInViewportAsync();
        Assert.InRange(await entries.Locator("tbody tr").CountAsync(), 1, 100);
    }
}
