using ConntrackConsole.Tests.Integration.Hosting;
using Microsoft.Playwright;
using Xunit;

namespace ConntrackConsole.EndToEnd.Browser.Filled;

/// <summary>Until the circuit has drawn it, a page says that it loads: a blank one looks broken.</summary>
public sealed class FirstPaintTests(Chromium chromium)
{
    [Theory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task Page_BeforeItsCircuit_SaysThatItLoads_AndThenNoMore(ColorScheme scheme)
    {
        await using var host = await ConsoleHost.StartAsync();
        await using var tab = await chromium.OpenAsync("about:blank");
        var (page, starting) = (tab.Page, tab.Page.Locator(".starting"));
        await page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = scheme });
        var script = new TaskCompletionSource();
        await page.RouteAsync("**/_framework/blazor.web*.js", async route =>
        {
            await script.Task;
            await route.ContinueAsync();
        });
        await page.GotoAsync($"{host.Url}/signin?token={ConsoleHost.SignInToken}", new PageGotoOptions { WaitUntil = WaitUntilState.Commit });

        await Assertions.Expect(starting.GetByText("Loading the console…")).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator("main")).ToHaveCountAsync(0);

        script.SetResult();
        await Assertions.Expect(page.Locator("main h1")).ToBeVisibleAsync();
        await Assertions.Expect(starting).ToBeHiddenAsync();
    }

    /// <summary>The heading that is focused when a page opens stays when its text arrives: else the keyboard begins again at the top.</summary>
    [Fact]
    public async Task Heading_WhenTheHeadlineArrives_KeepsTheFocus()
    {
        var (host, _) = await FilledConsole.StartAsync(30, TestContext.Current.CancellationToken);
        await using var console = host;
        await using var tab = await chromium.OpenAsync($"{host.Url}/signin?token={ConsoleHost.SignInToken}");
        await tab.Page.AddInitScriptAsync("window.headings = new Set(); new MutationObserver(() => { const heading = document.querySelector('main h1'); if (heading) headings.add(heading); }).observe(document, { childList: true, subtree: true });");

        await tab.Page.GotoAsync(host.Url);

        await Assertions.Expect(tab.Page.GetByTestId("headline").Locator("h1")).ToBeFocusedAsync();
        Assert.Equal(1, await tab.Page.EvaluateAsync<int>("headings.size"));
    }
}
