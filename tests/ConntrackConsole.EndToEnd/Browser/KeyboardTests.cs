using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Xunit;

namespace ConntrackConsole.EndToEnd.Browser;

/// <summary>From the live page to a terminated pod, the checks, the audit log and back, using only the keyboard.</summary>
[Collection(nameof(HealthyLab))]
public partial class KeyboardTests(HealthyLab lab)
{
    [Fact]
    public async Task Pages_AreUsableWithTheKeyboardOnly()
    {
        await using var tab = await lab.OpenAsync();
        var page = tab.Page;
        await lab.RolloutAsync();
        var ended = page.GetByTestId("rollout-row").Filter(new LocatorFilterOptions { HasTextRegex = OfTheUpdate() }).Locator("[data-label='Pods terminated']");
        await Assertions.Expect(ended).ToHaveTextAsync("3");

        // The page shows its rows before its script listens to keys: on a slow machine seconds earlier.
        await Assertions.Expect(page.Locator("html[data-shortcuts]")).ToHaveCountAsync(1);
        await FilterAsync(page);
        await MoveInTimeAsync(page);
        await ShowKeysAsync(page);
        await OpenTerminatedPodAsync(page);
        await VisitThePagesAsync(page);
    }

    private static async Task FilterAsync(IPage page)
    {
        var filter = page.GetByTestId("service-filter");
        await Assertions.Expect(filter).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("/");
        await Assertions.Expect(filter).ToBeFocusedAsync();
        await ChooseAsync("checkout");
        await Assertions.Expect(page).ToHaveURLAsync(OneService());
        // In a field, shortcuts are off: "l" is one.
        await ChooseAsync("all Serv");
        await Assertions.Expect(page).Not.ToHaveURLAsync(OneService());
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(filter).Not.ToBeFocusedAsync();

        async Task ChooseAsync(string name)
        {
            await page.Keyboard.PressAsync("Control+A");
            await page.Keyboard.TypeAsync(name);
            var options = page.Locator(".mud-popover-open .mud-list-item");
            await Assertions.Expect(options).ToHaveCountAsync(1);
            await Assertions.Expect(options).ToContainTextAsync(name);
            await page.Keyboard.PressAsync("Enter");
        }
    }

    private static async Task MoveInTimeAsync(IPage page)
    {
        var paused = page.GetByTestId("paused");
        await Assertions.Expect(paused).ToHaveCountAsync(0);
        foreach (string key in (string[])["[", "]", "z"])
        {
            string before = page.Url;
            await page.Keyboard.PressAsync(key);
            await Assertions.Expect(page).Not.ToHaveURLAsync(before);
            await Assertions.Expect(paused).ToBeVisibleAsync();
        }

        await page.Keyboard.PressAsync("l");
        await Assertions.Expect(paused).ToHaveCountAsync(0);
        await Assertions.Expect(page.GetByTestId("live-toggle")).ToHaveAttributeAsync("aria-pressed", "true");
    }

    private static async Task ShowKeysAsync(IPage page)
    {
        await page.Keyboard.PressAsync("?");
        var keys = page.GetByRole(AriaRole.Dialog);
        await Assertions.Expect(keys).ToContainTextAsync("go to the page's filter");
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(keys).ToHaveCountAsync(0);
    }

    private static async Task OpenTerminatedPodAsync(IPage page)
    {
        var chart = page.GetByTestId("timeline");
        for (int tabs = 0; tabs < 100 && !await chart.EvaluateAsync<bool>("chart => chart === document.activeElement"); tabs++)
            await page.Keyboard.PressAsync("Tab");
        await Assertions.Expect(chart).ToBeFocusedAsync();

        var readout = chart.Locator("[data-readout]");
        string text = "", arrow = "ArrowLeft";
        for (int events = 0; events < 200 && !text.Contains("deleted", StringComparison.Ordinal); events++)
        {
            await page.Keyboard.PressAsync(arrow);
            try
            {
                await Assertions.Expect(readout).Not.ToHaveTextAsync(text, new LocatorAssertionsToHaveTextOptions { Timeout = 2_000 });
            }
            catch (PlaywrightException)
            {
                // The last event in this direction: on a slow machine the pod may have been deleted since, in the other direction.
                arrow = arrow == "ArrowLeft" ? "ArrowRight" : "ArrowLeft";
                continue;
            }

            text = await readout.TextContentAsync() ?? "";
        }

        string pod = PodName().Match(text).Value;
        await page.Keyboard.PressAsync("Enter");
        var panel = page.GetByTestId("pod-panel");
        await Assertions.Expect(panel).ToHaveAttributeAsync("data-pod", new Regex($"{Regex.Escape(pod)}$"));
        Assert.StartsWith("checkout-", pod, StringComparison.Ordinal);
        await Assertions.Expect(page).ToHaveURLAsync(OnePod());
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(panel).ToHaveCountAsync(0);
    }

    private static async Task VisitThePagesAsync(IPage page)
    {
        await GoAsync("s", "/services", page.GetByTestId("services-headline"));
        await GoAsync("n", "/nodes", page.GetByTestId("nodes-headline"));
        await GoAsync("e", "/resets", page.GetByTestId("resets-headline"));
        await GoAsync("i", "/incidents", page.GetByTestId("incidents-headline"));
        await GoAsync("c", "/checks", page.GetByTestId("checks-headline"));
        await page.Keyboard.PressAsync("/");
        await Assertions.Expect(page.GetByTestId("checks-service")).ToBeFocusedAsync();
        // Typed letters are no shortcuts.
        await page.Keyboard.TypeAsync("ga");
        await Assertions.Expect(page.GetByTestId("checks-service")).ToHaveValueAsync("ga");
        await page.Keyboard.PressAsync("Control+A");
        await page.Keyboard.PressAsync("Delete");
        await page.Keyboard.PressAsync("Escape");
        await GoAsync("a", "/audit", page.GetByRole(AriaRole.Heading, new PageGetByRoleOptions { Name = "Audit log" }));
        await page.Keyboard.PressAsync("/");
        await Assertions.Expect(page.GetByTestId("audit-target")).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Escape");
        await GoAsync("r", "/rollouts", page.GetByTestId("rollouts-headline"));
        await GoAsync("p", "/pods", page.GetByTestId("pods-headline"));
        await GoAsync("o", "/settings", page.GetByTestId("settings-headline"));
        await GoAsync("t", "/", page.GetByTestId("timeline"));

        async Task GoAsync(string key, string path, ILocator there)
        {
            await page.Keyboard.PressAsync("g");
            await page.Keyboard.PressAsync(key);
            await Assertions.Expect(there).ToBeVisibleAsync();
            Assert.Equal(path, new Uri(page.Url).AbsolutePath);
        }
    }

    [GeneratedRegex("checkout 1 → 2")]
    private static partial Regex OfTheUpdate();

    [GeneratedRegex("[?&]svc=")]
    private static partial Regex OneService();

    [GeneratedRegex("[?&]pod=")]
    private static partial Regex OnePod();

    [GeneratedRegex("checkout-[a-z0-9]+(-[a-z0-9]+)*")]
    private static partial Regex PodName();
}
