using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Xunit;

namespace ConntrackConsole.EndToEnd.Browser;

/// <summary>Keyboard only: selecting a rollout filters the terminations and changes the URL; Escape clears it.</summary>
[Collection(nameof(HealthyLab))]
public partial class RolloutTests(HealthyLab lab)
{
    [Fact]
    public async Task Rollout_SelectedWithEnter_FiltersTerminationsAndEscapeClears()
    {
        await using var tab = await lab.OpenAsync();
        var page = tab.Page;
        await lab.RolloutAsync();
        var row = page.GetByTestId("rollout-row").Filter(new LocatorFilterOptions { HasTextRegex = OfTheUpdate() });
        await Assertions.Expect(row.Locator("[data-label='Pods terminated']")).ToHaveTextAsync("3");

        await row.GetByRole(AriaRole.Button).FocusAsync();
        await page.Keyboard.PressAsync("Enter");

        await Assertions.Expect(page).ToHaveURLAsync(InUrl());
        await Assertions.Expect(page.GetByTestId("rollout-chip")).ToBeVisibleAsync();
        // The three pods that it terminated, and none of the live ones.
        await Assertions.Expect(page.GetByTestId("pod-row")).ToHaveCountAsync(3);

        await page.Keyboard.PressAsync("Escape");

        await Assertions.Expect(page.GetByTestId("rollout-chip")).ToHaveCountAsync(0);
        // The live pods again: those that a client has reached, which is random.
        await Eventually.TrueAsync(async () => await page.GetByTestId("pod-row").CountAsync() == 3 + LivePodsReached());
        Assert.DoesNotMatch(InUrl(), page.Url);
    }

    private int LivePodsReached() =>
        lab.Lab.Events("client-connected").Select(line => ((string)line["backend"]!).Split(':')[0])
            .Except(lab.Lab.Events("endpoint-removed").Select(line => (string)line["ip"]!)).Count();

    [GeneratedRegex("checkout 1 → 2")]
    private static partial Regex OfTheUpdate();

    [GeneratedRegex("[?&]rollout=")]
    private static partial Regex InUrl();
}
