using ConntrackConsole.Tests.Integration.Hosting;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Xunit;

namespace ConntrackConsole.EndToEnd.Browser.Filled;

/// <summary>axe finds nothing on any page, light and dark, on a wide screen and on a phone; and no page is wider than the screen.</summary>
public sealed class AccessibilityTests(Chromium chromium)
{
    [Fact]
    public Task Pages_OfAPhone_Dark_HaveNoViolation() => CheckAsync(390, ColorScheme.Dark);

    [Theory]
    [InlineData(1400, ColorScheme.Light)]
    [InlineData(1400, ColorScheme.Dark)]
    [InlineData(390, ColorScheme.Light)]
    [Trait("Category", "Long")]
    public Task Pages_HaveNoViolation(int width, ColorScheme scheme) => CheckAsync(width, scheme);

    private async Task CheckAsync(int width, ColorScheme scheme)
    {
        var (host, incident) = await FilledConsole.StartAsync(30, TestContext.Current.CancellationToken);
        await using var console = host;
        await using var tab = await chromium.OpenAsync($"{host.Url}/signin?token={ConsoleHost.SignInToken}", width);
        var page = tab.Page;
        await page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = scheme });
        string[] paths =
        [
            "/", "/?view=table", "/?kiosk", "/services", "/services/shop/orders", "/services/shop/missing", "/nodes", "/nodes/node-a", "/nodes/missing", "/resets", "/resets?kind=direct", "/pods", "/pods?q=missing",
            "/rollouts", $"/rollouts/{FilledConsole.RolloutId}", "/rollouts/missing/1", "/settings", "/incidents", "/incidents?open=1", $"/incidents/{incident}", "/incidents/missing", "/checks", "/actions", "/audit", "/access",
            "/findings/finding-0123456789abcdef0123", "/no/such/page",
        ];
        var found = new List<string>();
        foreach (string path in paths)
        {
            await page.GotoAsync(host.Url + path);
            // Everything is drawn: neither the start nor a skeleton is seen.
            await Assertions.Expect(page.Locator("main h1").First).ToBeVisibleAsync();
            await Assertions.Expect(page.Locator(".skeleton, .loading")).ToHaveCountAsync(0);
            // A button that has just got the other theme's colours changes to them in a quarter of a second.
            await page.EvaluateAsync("() => Promise.all(document.getAnimations().filter(animation => animation instanceof CSSTransition).map(animation => animation.finished.catch(() => {})))");
            found.AddRange((await page.RunAxe()).Violations.SelectMany(violation => violation.Nodes.Select(node => $"{path}: {violation.Id}: {node.Html}")));
            if (await page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth") is var beyond and not 0)
                found.Add($"{path}: {beyond} px wider than the screen");
        }

        Assert.Empty(found);
    }

    /// <summary>Pages of errors load nothing and need no circuit.</summary>
    [Theory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task ErrorPages_HaveNoViolation(ColorScheme scheme)
    {
        // With every way to sign in.
        await using var host = await ConsoleHost.StartWithAsync(
            null, "Identity:Links:0:Name=eve", "Identity:Links:0:Role=admin", "Identity:Kubernetes:SignIn=true", "Identity:OpenIdConnect:Authority=https://id.example",
            "Identity:OpenIdConnect:ClientId=c", "Identity:ClusterRoles=true");
        await using var tab = await chromium.OpenAsync("about:blank");
        await tab.Page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = scheme });
        foreach (string path in (string[])["/", "/signin?token=wrong", "/signin"])
        {
            await tab.Page.GotoAsync(host.Url + path);
            await Assertions.Expect(tab.Page.Locator("h1")).ToBeVisibleAsync();
            Assert.Empty((await tab.Page.RunAxe()).Violations.Select(violation => $"{path}: {violation.Id}"));
        }
    }
}
