using ConntrackConsole.EndToEnd.Browser;
using Microsoft.Playwright;
using Xunit;

[assembly: AssemblyFixture(typeof(Chromium))]

namespace ConntrackConsole.EndToEnd.Browser;

/// <summary>Debian's Chromium, driven by Playwright: one process for all tests, started by the first that needs it.</summary>
public sealed class Chromium : IAsyncDisposable
{
    private const float PatienceMs = 120_000;

    private readonly Lazy<Task<(IPlaywright Playwright, IBrowser Browser)>> _started = new(StartAsync);

    /// <summary>A page in a context of its own: no cookie or cache of another test.</summary>
    public async Task<Tab> OpenAsync(string url, int width = 1400, int height = 900)
    {
        var context = await (await _started.Value).Browser.NewContextAsync(new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = width, Height = height } });
        context.SetDefaultTimeout(PatienceMs);
        context.SetDefaultNavigationTimeout(PatienceMs);
        var page = await context.NewPageAsync();
        await page.GotoAsync(url);
        return new Tab(context, page);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_started.IsValueCreated)
            return;
        var (playwright, browser) = await _started.Value;
        await browser.DisposeAsync();
        playwright.Dispose();
    }

    private static async Task<(IPlaywright Playwright, IBrowser Browser)> StartAsync()
    {
        // What is waited for is sure to come; on a busy machine, or at a machine's first start of the browser, not soon.
        Assertions.SetDefaultExpectTimeout(PatienceMs);
        var playwright = await Playwright.CreateAsync();
        var browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = "/usr/bin/chromium",
            Timeout = PatienceMs,
            Args =
            [
                "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                "--disable-component-update", "--disable-sync",
            ],
        });
        return (playwright, browser);
    }
}

/// <summary>An open page; disposing it closes its context.</summary>
public sealed class Tab(IBrowserContext context, IPage page) : IAsyncDisposable
{
    public IPage Page { get; } = page;

    public ValueTask DisposeAsync() => context.DisposeAsync();
}
