using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Xunit;

namespace ConntrackConsole.EndToEnd.Browser;

/// <summary>With the keyboard alone: a rollout is chosen, its ends stay, the address tells it, Escape lets go.</summary>
public partial class RolloutTests(Chromium chromium)
{
    [Fact]
    public async Task Rollout_ChosenWithEnter_FiltersItsEndsAndEscapeClears()
    {
        await using var lab = await RunningLab.StartAsync("--scenario", "healthy", "--rollouts", "0");
        await using var tab = await chromium.OpenAsync((string)lab.Ready["url"]!);
        var page = tab.Page;
        await lab.ConnectedAsync(12);
        lab.Send("rollout healthy");
        var row = page.GetByTestId("rollout-row").Filter(new LocatorFilterOptions { HasTextRegex = OfTheUpdate() });
        await Assertions.Expect(row.Locator("[data-label='Pods ended']")).ToHaveTextAsync("3");

        await row.GetByRole(AriaRole.Button).FocusAsync();
        await page.Keyboard.PressAsync("Enter");

        await Assertions.Expect(page).ToHaveURLAsync(InAddress());
        await Assertions.Expect(page.GetByTestId("rollout-chip")).ToBeVisibleAsync();
        // The three that it ended, and none of those that live.
        await Assertions.Expect(page.GetByTestId("pod-row")).ToHaveCountAsync(3);

        await page.Keyboard.PressAsync("Escape");

        await Assertions.Expect(page.GetByTestId("rollout-chip")).ToHaveCountAsync(0);
        await Assertions.Expect(page.GetByTestId("pod-row")).ToHaveCountAsync(6);
        Assert.DoesNotMatch(InAddress(), page.Url);
    }

    [GeneratedRegex("checkout 1 → 2")]
    private static partial Regex OfTheUpdate();

    [GeneratedRegex("[?&]rollout=")]
    private static partial Regex InAddress();
}
