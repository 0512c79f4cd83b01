using ConntrackConsole.Tests.Integration.Hosting;
using Microsoft.Playwright;
using Xunit;

namespace ConntrackConsole.EndToEnd.Browser.Filled;

/// <summary>A dark page is dark from its first paint: no part waits for the circuit to learn the theme from the browser.</summary>
public sealed class ThemeTests(Chromium chromium)
{
    [Fact]
    public async Task Table_BeforeTheCircuitKnowsTheTheme_IsDark()
    {
        var (host, _) = await FilledConsole.StartAsync(30, TestContext.Current.CancellationToken);
        await using var console = host;
        await using var tab = await chromium.OpenAsync($"{host.Url}/signin?token={ConsoleHost.SignInToken}", 1400);
        await tab.Page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = ColorScheme.Dark });
        // Without its script the shell cannot tell the theme.
        await tab.Page.RouteAsync("**/js/app*.js", route => route.AbortAsync());
        await tab.Page.GotoAsync($"{host.Url}/nodes");
        var table = tab.Page.Locator("[data-testid=nodes]");
        await Assertions.Expect(table).ToHaveCSSAsync("background-color", "rgb(21, 28, 36)");
        await Assertions.Expect(table.Locator("td").First).ToHaveCSSAsync("color", "rgb(231, 237, 244)");
    }
}
