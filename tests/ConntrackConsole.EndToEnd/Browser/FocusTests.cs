using ConntrackConsole.EndToEnd.Browser.Filled;
using ConntrackConsole.Tests.Integration.Actions;
using ConntrackConsole.Tests.Integration.Hosting;
using ConntrackConsole.Tests.Timeline;
using Microsoft.Playwright;
using Xunit;

namespace ConntrackConsole.EndToEnd.Browser;

/// <summary>
/// What opens by itself takes the focus neither from a field nor from a dialog: what is typed there would be lost. What closes gives it back: a
/// keyboard user does not begin again at the top of the page.
/// </summary>
public class FocusTests(Chromium chromium)
{
    [Theory]
    [InlineData("<input id=used>", "used")]
    [InlineData("<div class=mud-dialog><button id=used>Cancel</button></div>", "used")]
    [InlineData("<button id=used>Show</button>", "heading")]
    [InlineData("<aside class=panel><h2 id=heading tabindex=-1>A pod</h2><button id=used>Flush</button></aside>", "used")]
    public async Task Panel_ThatHasOpened_IsFocusedUnlessTheFocusIsTaken(string content, string expected)
    {
        await using var tab = await ScriptPage.OpenAsync(chromium);

        string focused = await tab.Page.EvaluateAsync<string>(
            """
            async content => {
              const { focusPanel } = await import("./js/shell/app.js");
              document.body.innerHTML = content.includes("heading") ? content : `${content}<h2 id=heading tabindex=-1>A pod</h2>`;
              document.getElementById("used").focus();
              focusPanel(document.getElementById("heading"));
              focusPanel(null);
              return document.activeElement.id;
            }
            """,
            content);

        Assert.Equal(expected, focused);
    }

    /// <summary>A link that was followed loses the focus to the new page's heading; what was reached in the page, or while the first one was loading, keeps it.</summary>
    [Theory]
    [InlineData("<button id=used>Pods</button><main><h1 id=heading>Pods</h1></main>", true, "used")]
    [InlineData("<button id=used>Pods</button><main><h1 id=heading>Pods</h1></main>", false, "heading")]
    [InlineData("<main><h1 id=heading>Pods</h1><button id=used>Sort</button></main>", false, "used")]
    public async Task Heading_OfANewPage_IsFocusedUnlessTheFocusIsTaken(string content, bool isFirst, string expected)
    {
        await using var tab = await ScriptPage.OpenAsync(chromium);

        string focused = await tab.Page.EvaluateAsync<string>(
            """
            async ({ content, isFirst }) => {
              const { focusHeading } = await import("./js/shell/app.js");
              document.body.innerHTML = content;
              document.getElementById("used").focus();
              focusHeading(isFirst);
              return document.activeElement.id;
            }
            """,
            new { content, isFirst });

        Assert.Equal(expected, focused);
    }

    /// <summary>Tab goes around in an open dialog, both ways, and never to the page behind; also after a flush, when the dialog has other buttons.</summary>
    [Fact]
    public async Task Dialog_Tab_GoesAroundInIt()
    {
        await using var scene = await ActionScene.StartAsync(nodes: 1);
        ulong sequence = 0;
        await using var reports = new Timer(_ => scene.Nodes["node1"].Send(Frames.Frame(++sequence, scene.Host.NowMs, sequence == 1)), null, 0, 1_000);
        await using var tab = await chromium.OpenAsync($"{scene.Host.Url}/signin?token={ConsoleHost.SignInToken}");
        var page = tab.Page;
        await page.GotoAsync($"{scene.Host.Url}/?pod={ActionScene.PodIp}");
        await Assertions.Expect(page.GetByTestId("flush")).ToBeEnabledAsync();
        await page.GetByTestId("flush").FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.Locator("[data-testid=verdict][data-decision=Allow]")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByTestId("cancel")).ToBeFocusedAsync();

        await GoesAroundAsync("cancel", "reason");
        // A preview expires after a minute: on a busy machine that is less than the keys take.
        if (await page.GetByTestId("again").IsVisibleAsync())
            await page.GetByTestId("again").ClickAsync();
        await Assertions.Expect(page.GetByTestId("confirm")).ToBeEnabledAsync();
        await page.GetByTestId("confirm").FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.GetByTestId("outcome")).ToHaveAttributeAsync("data-state", "Completed");
        await Assertions.Expect(page.GetByTestId("close")).ToBeFocusedAsync();
        await GoesAroundAsync("outcome-action", "outcome-audit");
        await TabToAsync("Tab", "outcome-action");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.GetByTestId("action-panel")).ToBeVisibleAsync();

        async Task GoesAroundAsync(params string[] stops)
        {
            foreach (string key in (string[])["Tab", "Shift+Tab"])
            {
                var seen = new List<string>();
                for (int i = 0; i < 40; i++)
                {
                    await page.Keyboard.PressAsync(key);
                    seen.Add(await page.EvaluateAsync<string>("document.activeElement.closest('.mud-dialog') ? document.activeElement.dataset.testid ?? '' : 'outside: ' + document.activeElement.outerHTML.slice(0, 200)"));
                }

                Assert.DoesNotContain(seen, stop => stop.StartsWith("outside", StringComparison.Ordinal));
                Assert.All(stops, stop => Assert.InRange(seen.Count(s => s == stop), 2, 20));
            }
        }

        async Task TabToAsync(string key, string testId)
        {
            for (int i = 0; i < 40 && await page.EvaluateAsync<string?>("document.activeElement.dataset.testid") != testId; i++)
                await page.Keyboard.PressAsync(key);
            await Assertions.Expect(page.GetByTestId(testId)).ToBeFocusedAsync();
        }
    }

    [Fact]
    public async Task Dialog_Opened_HasItsFocusOnCancel_AndClosed_GivesItBack()
    {
        await using var scene = await ActionScene.StartAsync(nodes: 1);
        // A flush of a node that is silent is disabled.
        ulong sequence = 0;
        await using var reports = new Timer(_ => scene.Nodes["node1"].Send(Frames.Frame(++sequence, scene.Host.NowMs, sequence == 1)), null, 0, 1_000);
        await using var tab = await chromium.OpenAsync($"{scene.Host.Url}/signin?token={ConsoleHost.SignInToken}");
        var page = tab.Page;

        await page.GotoAsync($"{scene.Host.Url}/actions");
        // A page that has just been opened focuses its heading: on a busy machine some time later.
        await Assertions.Expect(page.GetByTestId("actions-headline")).ToBeFocusedAsync();
        await OpensAndClosesAsync(page.GetByTestId("change-setting"), page.GetByTestId("setting-dialog"));

        // A preview that needs no confirmation leaves the focus where it is.
        await page.GotoAsync($"{scene.Host.Url}/?pod={ActionScene.PodIp}");
        await Assertions.Expect(page.GetByTestId("pod-panel").Locator("h2")).ToBeFocusedAsync();
        await OpensAndClosesAsync(page.GetByTestId("flush"), page.Locator("[data-testid=verdict][data-decision=Allow]"));

        async Task OpensAndClosesAsync(ILocator opener, ILocator content)
        {
            await Assertions.Expect(opener).ToBeEnabledAsync();
            await opener.FocusAsync();
            await page.Keyboard.PressAsync("Enter");
            await Assertions.Expect(content).ToBeVisibleAsync();
            await Assertions.Expect(page.GetByTestId("cancel")).ToBeFocusedAsync();
            await page.Keyboard.PressAsync("Escape");
            await Assertions.Expect(page.GetByRole(AriaRole.Dialog)).ToHaveCountAsync(0);
            await Assertions.Expect(opener).ToBeFocusedAsync();
        }
    }

    [Fact]
    public async Task Panel_Closed_GivesItsFocusBack()
    {
        var (host, _) = await FilledConsole.StartAsync(30, TestContext.Current.CancellationToken);
        await using var console = host;
        await using var tab = await chromium.OpenAsync($"{host.Url}/signin?token={ConsoleHost.SignInToken}");
        var (page, panel) = (tab.Page, tab.Page.GetByTestId("pod-panel"));
        var row = page.Locator("[data-testid=pod-row][data-pod-ip='10.1.0.5'] button");

        await Assertions.Expect(page.Locator("main h1")).ToBeFocusedAsync();
        await Assertions.Expect(page.Locator("html[data-shortcuts]")).ToHaveCountAsync(1);
        foreach (bool byKey in (bool[])[true, false])
        {
            await row.FocusAsync();
            await page.Keyboard.PressAsync("Enter");
            await Assertions.Expect(panel.Locator("h2")).ToBeFocusedAsync();
            if (byKey)
                await page.Keyboard.PressAsync("Escape");
            else
                await panel.GetByTestId("panel-close").ClickAsync();
            await Assertions.Expect(panel).ToHaveCountAsync(0);
            await Assertions.Expect(row).ToBeFocusedAsync();
        }

        // Opened by its link, nothing of the page had the focus before: it goes to the heading.
        await page.GotoAsync($"{host.Url}/?pod=10.1.0.5");
        await Assertions.Expect(panel).ToBeVisibleAsync();
        // Before, the page does not follow the focus.
        await Assertions.Expect(page.Locator("html[data-shortcuts]")).ToHaveCountAsync(1);
        await panel.GetByTestId("panel-close").ClickAsync();
        await Assertions.Expect(panel).ToHaveCountAsync(0);
        await Assertions.Expect(page.Locator("main h1")).ToBeFocusedAsync();
    }
}
