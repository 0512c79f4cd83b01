using ConntrackConsole.Tests.Integration.Hosting;
using Microsoft.Playwright;
using Xunit;

namespace ConntrackConsole.EndToEnd.Browser.Filled;

/// <summary>An open page while its console restarts: nothing on it looks live, and then it has the same view again, without a sign-in.</summary>
public sealed class ReconnectTests(Chromium chromium)
{
    private const string Muted = "rgb(82, 96, 112)";

    [Fact]
    public async Task Page_WhileTheConsoleRestarts_LooksNotLive_AndKeepsItsView()
    {
        // A port of its own: what listens there again is this console.
        using var number = ClaimedNumber.Take("reconnect", 250);
        var (host, _) = await FilledConsole.StartAsync(30, TestContext.Current.CancellationToken, $"Urls=http://127.80.{number.Value}.1:5080");
        await using var tab = await chromium.OpenAsync($"{host.Url}/signin?token={ConsoleHost.SignInToken}");
        var page = tab.Page;
        await page.GotoAsync($"{host.Url}/?range=15m&ns=shop&svc=orders&lanes=findings,resets");
        var headline = page.GetByTestId("headline").Locator("h1");
        var live = page.GetByTestId("live-toggle");
        var banner = page.GetByTestId("circuit-banner");
        await Assertions.Expect(headline).ToBeVisibleAsync();
        await Assertions.Expect(live).Not.ToHaveCSSAsync("color", Muted);
        await Assertions.Expect(banner).ToBeHiddenAsync();
        string url = page.Url;

        await using var again = await host.RestartAsync(async () =>
        {
            await Assertions.Expect(banner).ToBeVisibleAsync();
            await Assertions.Expect(headline).ToHaveCSSAsync("color", Muted);
            await Assertions.Expect(live).ToHaveCSSAsync("color", Muted);
            await Assertions.Expect(page.Locator(".status .dot").First).ToHaveCSSAsync("color", Muted);
            await Assertions.Expect(page.Locator("main")).ToHaveCSSAsync("opacity", "0.55");
        });

        await Assertions.Expect(banner).ToBeHiddenAsync();
        await Assertions.Expect(live).ToHaveAttributeAsync("aria-pressed", "true");
        await Assertions.Expect(page.GetByTestId("range-15m")).ToHaveAttributeAsync("aria-checked", "true");
        await Assertions.Expect(page.Locator("main")).ToHaveCSSAsync("opacity", "1");
        Assert.Equal(url, page.Url);
    }

    /// <summary>What a link shows to the one who wrote it, it shows to the next one: the range, live or fixed, the lanes and the way of showing them.</summary>
    [Theory]
    [InlineData("range=1h&view=table&lanes=resets,findings", true)]
    [InlineData("view=table&ns=shop&svc=orders&lanes=rollouts,pods,services,resets", false)]
    public async Task Link_OpenedElsewhere_ShowsTheSame(string query, bool isLive)
    {
        var (host, _) = await FilledConsole.StartAsync(30, TestContext.Current.CancellationToken);
        await using var console = host;
        await using var tab = await chromium.OpenAsync($"{host.Url}/signin?token={ConsoleHost.SignInToken}");
        var page = tab.Page;
        await page.GotoAsync($"{host.Url}/?{query}");
        await Assertions.Expect(Rows(page).First).ToBeVisibleAsync();
        if (!isLive)
        {
            await Assertions.Expect(page.Locator("html[data-shortcuts]")).ToHaveCountAsync(1);
            await page.Keyboard.PressAsync("l");
            await Assertions.Expect(page.GetByTestId("paused")).ToBeVisibleAsync();
        }

        var other = await page.Context.NewPageAsync();
        await other.GotoAsync(page.Url);
        await Assertions.Expect(Rows(other).First).ToBeVisibleAsync();
        Assert.Equal(page.Url, other.Url);
        await Assertions.Expect(other.GetByTestId("live-toggle")).ToHaveAttributeAsync("aria-pressed", isLive ? "true" : "false");
        // A fixed window has the same lines in both; a live one moves meanwhile.
        if (!isLive)
            await Assertions.Expect(other.GetByTestId("timeline-table")).ToHaveTextAsync(await page.GetByTestId("timeline-table").InnerTextAsync(), new LocatorAssertionsToHaveTextOptions { UseInnerText = true });
    }

    private static ILocator Rows(IPage page) => page.GetByTestId("timeline-table").Locator("tbody .mud-table-row");
}
