using System.Text.RegularExpressions;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Tests.Integration.Hosting;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Xunit;

namespace ConntrackConsole.EndToEnd.Browser;

/// <summary>The command palette in a real browser: by the keyboard alone, and from the menu of a phone.</summary>
public sealed partial class PaletteTests(Chromium chromium)
{
    [Fact]
    public async Task Palette_ByTheKeyboardAlone_OpensPagesAndRunsCommands()
    {
        await using var host = await StartAsync();
        await using var tab = await chromium.OpenAsync($"{host.Url}/signin?token={ConsoleHost.SignInToken}");
        var page = tab.Page;
        await Assertions.Expect(page.Locator("html[data-shortcuts]")).ToHaveCountAsync(1);

        // Typed at once: what comes before the field is there is its text, and no shortcut ("l" pauses the live view).
        await page.Keyboard.PressAsync("Control+k");
        await page.Keyboard.TypeAsync("lonely");
        await Assertions.Expect(page.GetByTestId("palette-text")).ToHaveValueAsync("lonely");
        await Assertions.Expect(page.GetByTestId("palette-text")).ToBeFocusedAsync();
        await Assertions.Expect(page.GetByTestId("palette-hit")).ToHaveCountAsync(2);
        await Assertions.Expect(page.GetByTestId("live-toggle")).ToHaveAttributeAsync("aria-pressed", "true");
        Assert.Empty((await page.RunAxe()).Violations);
        await page.Keyboard.PressAsync("ArrowDown");
        await Assertions.Expect(page.GetByTestId("palette-hit").Nth(1)).ToHaveAttributeAsync("aria-selected", "true");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page).ToHaveURLAsync(OnePod());

        await page.Keyboard.PressAsync("Control+k");
        await Assertions.Expect(page.GetByTestId("palette-text")).ToBeFocusedAsync();
        await page.Keyboard.TypeAsync("lonely");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page).ToHaveURLAsync($"{host.Url}/services/shop/lonely");

        await page.Keyboard.PressAsync("Control+k");
        await page.Keyboard.TypeAsync("local time");
        await Assertions.Expect(page.GetByTestId("palette-hit")).ToHaveCountAsync(1);
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page).ToHaveURLAsync($"{host.Url}/services/shop/lonely?tz=local");

        // Escape closes it, and so does the key that opens it; the focus is not lost.
        foreach (string key in (string[])["Escape", "Control+k"])
        {
            await page.Keyboard.PressAsync("Control+k");
            await Assertions.Expect(page.GetByTestId("palette-text")).ToBeFocusedAsync();
            await page.Keyboard.PressAsync(key);
            await Assertions.Expect(page.GetByTestId("palette")).ToHaveCountAsync(0);
        }

        await page.Keyboard.PressAsync("g");
        await page.Keyboard.PressAsync("n");
        await Assertions.Expect(page.GetByTestId("nodes-headline")).ToBeVisibleAsync();
    }

    [Theory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task Palette_OnAPhone_OpensFromTheMenu(ColorScheme scheme)
    {
        await using var host = await StartAsync();
        await using var tab = await chromium.OpenAsync($"{host.Url}/signin?token={ConsoleHost.SignInToken}", 390);
        var page = tab.Page;
        await page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = scheme });
        await page.GetByTestId("pages-menu").GetByRole(AriaRole.Button).ClickAsync();
        await page.GetByTestId("palette-menu").ClickAsync();
        await page.GetByTestId("palette-text").FillAsync("lonely");
        await Assertions.Expect(page.GetByTestId("palette-hit")).ToHaveCountAsync(2);
        Assert.Equal(0, await page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth"));
        Assert.Empty((await page.RunAxe()).Violations);
        await page.GetByTestId("palette-hit").First.ClickAsync();
        await Assertions.Expect(page).ToHaveURLAsync($"{host.Url}/services/shop/lonely");
    }

    private static async Task<ConsoleHost> StartAsync()
    {
        var host = await ConsoleHost.StartAsync();
        long now = host.NowMs;
        host.SetCluster(
            new NodeChange(new NodeInfo("n1", "node-a", true, [Ip.Parse("192.168.0.1")]), false),
            new ServiceChange(new ServiceInfo("s1", new ServiceKey("shop", "lonely"), [Ip.Parse("10.96.0.1")], [new ServicePort(null, 6, 80, 0)]), false),
            new PodChange(new PodInfo("uid-1", "shop", "lonely-1", "node-a", "Running", [Ip.Parse("10.1.0.5")], false, now - 600_000, null, null, false, null, null), false));
        return host;
    }

    [GeneratedRegex(@"/\?range=15m&pod=10\.1\.0\.5$")]
    private static partial Regex OnePod();
}
