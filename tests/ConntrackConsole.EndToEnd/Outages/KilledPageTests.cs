using System.Diagnostics;
using ConntrackConsole.EndToEnd.Browser;
using ConntrackConsole.Tests.Integration.Hosting;
using Microsoft.Playwright;
using Xunit;

namespace ConntrackConsole.EndToEnd.Outages;

/// <summary>Pages whose console is killed: nothing on them looks live, and they come back by themselves.</summary>
public sealed class KilledPageTests(Chromium chromium) : IAsyncLifetime
{
    // What looks live: the signs of the sources, the Live button, the headline, and how strong the page is.
    private const string Look = """
        () => {
          const style = (selector, pseudo) => { const element = document.querySelector(selector); return element ? getComputedStyle(element, pseudo) : null; };
          const muted = document.body.appendChild(document.createElement("i"));
          muted.style.color = "var(--c-muted)";
          const quiet = getComputedStyle(muted).color;
          muted.remove();
          // As the headline is calm, an alarm, or neither.
          const heading = document.querySelector(".headline h1"), given = heading.className, colours = ["", "alarm", "unsure"].map(name => { heading.className = name; return getComputedStyle(heading).color; });
          heading.className = given;
          const live = style(".live[aria-pressed=true]");
          return [
            `opacity ${style("main").opacity}`, `headline ${colours.every(colour => colour === quiet)}`, `source ${style(".status .dot").color === quiet}`,
            `sign ${style(".status .dot", "::before").backgroundColor === "rgba(0, 0, 0, 0)"}`, ...(live ? [`live ${live.backgroundColor === "rgba(0, 0, 0, 0)" && live.color === quiet}`] : []),
          ].join(", ");
        }
        """;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("cc-page-");

    // A unique loopback address: the same before and after the kill, and of no other console.
    private readonly string _url = $"http://127.{Random.Shared.Next(1, 255)}.{Random.Shared.Next(256)}.{Random.Shared.Next(1, 255)}:5080";
    private Process? _console;

    public ValueTask InitializeAsync() => default;

    public async ValueTask DisposeAsync()
    {
        if (_console is { } running)
            await OutageProcesses.KillAsync(running);
        _folder.Delete(true);
    }

    [Fact]
    public async Task Pages_ConsoleKilled_LookLost_AndComeBackByThemselves()
    {
        await StartAsync();
        await using var tab = await chromium.OpenAsync($"{_url}/signin?token={ConsoleHost.SignInToken}");
        var (live, actions) = (tab.Page, await tab.Page.Context.NewPageAsync());
        await actions.GotoAsync($"{_url}/actions");
        await ExpectAsync(live, "opacity 1, headline false, source false, sign false, live false");
        await ExpectAsync(actions, "opacity 1, headline false, source false, sign false");

        await OutageProcesses.KillAsync(_console!);
        _console = null;

        foreach (var page in (IPage[])[live, actions])
        {
            await Assertions.Expect(page.GetByTestId("circuit-banner")).ToContainTextAsync("s ago: the connection to the console is lost.");
            await ExpectAsync(page, page == live ? "opacity 0.55, headline true, source true, sign true, live true" : "opacity 0.55, headline true, source true, sign true");
        }

        await StartAsync();
        foreach (var page in (IPage[])[live, actions])
        {
            await Assertions.Expect(page.GetByTestId("circuit-banner")).ToBeHiddenAsync();
            await ExpectAsync(page, page == live ? "opacity 1, headline false, source false, sign false, live false" : "opacity 1, headline false, source false, sign false");
        }

        async Task ExpectAsync(IPage page, string expected)
        {
            await Assertions.Expect(page.Locator("main .headline h1")).ToBeVisibleAsync();
            string look = "";
            await Eventually.TrueAsync(
                async () =>
                {
                    // A page that loads again has no elements for a moment.
                    try
                    {
                        look = await page.EvaluateAsync<string>(Look);
                    }
                    catch (PlaywrightException)
                    {
                        return false;
                    }

                    return look == expected;
                }, TimeSpan.FromSeconds(60), () => look, $"{new Uri(page.Url).AbsolutePath} has {expected}");
        }
    }

    private async Task StartAsync()
    {
        _console = await OutageProcesses.ConsoleAsync(_folder, url: _url);
        using var client = new HttpClient();
        await Eventually.TrueAsync(async () =>
        {
            try
            {
                return (await client.GetAsync($"{_url}/healthz", TestContext.Current.CancellationToken)).IsSuccessStatusCode;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        });
    }
}
