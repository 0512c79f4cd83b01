using ConntrackConsole.Audit;
using ConntrackConsole.Tests.Integration.Hosting;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Xunit;

namespace ConntrackConsole.EndToEnd.Browser;

/// <summary>An incident opened from a range of the Live page, written about, exported and closed; on a phone and a wide screen, light and dark.</summary>
public sealed class IncidentPageTests(Chromium chromium)
{
    [Theory]
    [InlineData(390, ColorScheme.Light)]
    [InlineData(390, ColorScheme.Dark)]
    [InlineData(1400, ColorScheme.Light)]
    [InlineData(1400, ColorScheme.Dark)]
    public async Task Incident_OpenedWrittenAndExported_FitsTheScreen(int width, ColorScheme scheme)
    {
        await using var host = await ConsoleHost.StartAsync();
        foreach (string what in (string[])["flush.approved", "flush.completed"])
        {
            await host.Get<AuditLog>().AppendAsync(
                new AuditNote("anna (link)", "10.0.0.9", what, "node1", "10.1.0.5", "the pod is gone, and its clients hang", "14 entries", "0 entries", "Completed: 14 deleted", 412, "flush-0123456789abcdef"),
                TestContext.Current.CancellationToken);
        }

        await using var tab = await chromium.OpenAsync($"{host.Url}/signin?token={ConsoleHost.SignInToken}", width);
        var page = tab.Page;
        await page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = scheme });
        // Paused: a fixed range.
        await page.GetByTestId("live-toggle").ClickAsync();
        await page.GetByTestId("open-incident").ClickAsync();
        await Assertions.Expect(page.GetByTestId("incident-form")).ToBeVisibleAsync();
        await CheckAsync(page);
        await page.Locator("#incident-title").FillAsync("Orders reset");
        await page.GetByTestId("incident-open").ClickAsync();

        await Assertions.Expect(page.GetByTestId("incident-title")).ToHaveTextAsync("Orders reset");
        await Assertions.Expect(page.GetByTestId("incident-event-action")).ToContainTextAsync("14 deleted");
        await page.GetByTestId("incident-pin").First.ClickAsync();
        await Assertions.Expect(page.GetByTestId("incident-event-pinned")).ToContainTextAsync("Flush of 10.1.0.5");
        await page.Locator("#incident-note-text").FillAsync("Rolled back\n<script>alert(1)</script>");
        await page.GetByTestId("incident-note-add").ClickAsync();
        await Assertions.Expect(page.GetByTestId("incident-note")).ToContainTextAsync("<script>");
        await CheckAsync(page);

        var saved = await page.RunAndWaitForDownloadAsync(() => page.GetByTestId("incident-export-html-redacted").ClickAsync());
        string html = await File.ReadAllTextAsync(await saved.PathAsync(), TestContext.Current.CancellationToken);
        Assert.EndsWith("-redacted.html", saved.SuggestedFilename, StringComparison.Ordinal);
        Assert.DoesNotContain("10.1.0.5", html, StringComparison.Ordinal);
        Assert.DoesNotContain("anna", html, StringComparison.Ordinal);
        // The file is a page of its own: it opens without the console, without an error, and axe finds nothing.
        var errors = new List<string>();
        page.Console += (_, message) => errors.Add(message.Text);
        await page.SetContentAsync(html);
        await Assertions.Expect(page.Locator("svg.timeline")).ToBeVisibleAsync();
        await CheckAsync(page);
        Assert.Empty(errors);

        await page.GotoAsync($"{host.Url}/incidents");
        await page.GetByTestId("incident-link").ClickAsync();
        // What arrives above the button moves it, also from under a click: by the keyboard it is the same button wherever it is.
        await Assertions.Expect(page.GetByTestId("incident-event-action")).ToBeVisibleAsync();
        await page.GetByTestId("incident-close").PressAsync("Enter");
        await Assertions.Expect(page.GetByTestId("incident-release")).ToBeVisibleAsync();
        await page.GotoAsync($"{host.Url}/incidents");
        await Assertions.Expect(page.GetByTestId("incident-link")).ToBeVisibleAsync();
        await CheckAsync(page);
    }

    private static async Task CheckAsync(IPage page)
    {
        Assert.Equal(0, await page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth"));
        // A button that has just got the other theme's colours changes to them in a quarter of a second.
        await page.EvaluateAsync("() => Promise.all(document.getAnimations().map(animation => animation.finished.catch(() => {})))");
        Assert.Empty((await page.RunAxe()).Violations);
    }
}
