using System.Collections.Concurrent;
using ConntrackConsole.EndToEnd.Browser;
using Microsoft.Playwright;
using Xunit;

[assembly: AssemblyFixture(typeof(Chromium))]

namespace ConntrackConsole.EndToEnd.Browser;

/// <summary>The system's Chromium, driven by Playwright: one process for all tests, started on first use.</summary>
public sealed class Chromium : IAsyncDisposable
{
    private const float TimeoutMs = 120_000;

    private readonly Lazy<Task<(IPlaywright Playwright, IBrowser Browser)>> _started = new(StartAsync);

    /// <summary>Opens a page in its own context, without cookies or cache of other tests.</summary>
    public async Task<Tab> OpenAsync(string url, int width = 1400, int height = 900)
    {
        var context = await (await _started.Value).Browser.NewContextAsync(new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = width, Height = height } });
        context.SetDefaultTimeout(TimeoutMs);
        context.SetDefaultNavigationTimeout(TimeoutMs);
        var page = await context.NewPageAsync();
        Report(page);
        var tab = new Tab(context, page);
        await page.GotoAsync(url);
        return tab;
    }

    // Of a test that fails, the output says what the page saw: its errors, where it was, and when it lost the console.
    private static void Report(IPage page)
    {
        if (TestContext.Current.TestOutputHelper is not { } output)
            return;
        page.Console += (_, message) => Write(message.Type is "error" or "warning" ? $"{message.Type}: {message.Text}" : null);
        page.PageError += (_, error) => Write($"exception: {error}");
        page.Crash += (_, _) => Write("the page crashed");
        page.FrameNavigated += (_, frame) => Write($"at {frame.Url}");
        page.WebSocket += (_, socket) => socket.Close += (_, _) => Write("its socket was closed");

        void Write(string? text)
        {
            try
            {
                if (text is not null)
                    output.WriteLine($"{DateTime.UtcNow:HH:mm:ss.f} page: {text}");
            }
            catch (InvalidOperationException)
            {
                // The test is over.
            }
        }
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
        // Long timeouts: on a busy machine, or at the first start of the browser, pages are slow.
        Assertions.SetDefaultExpectTimeout(TimeoutMs);
        var playwright = await Playwright.CreateAsync();
        var browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = "/usr/bin/chromium",
            Timeout = TimeoutMs,
            Args =
            [
                "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                "--disable-component-update", "--disable-sync",
            ],
        });
        return (playwright, browser);
    }
}

/// <summary>An open page; disposing it closes its context, and fails if the browser has refused something by the Content-Security-Policy.</summary>
public sealed class Tab : IAsyncDisposable
{
    private readonly IBrowserContext _context;
    private readonly ConcurrentQueue<string> _refused = [];

    public Tab(IBrowserContext context, IPage page)
    {
        (_context, Page) = (context, page);
        page.Console += (_, message) =>
        {
            if (message.Type == "error" && message.Text.Contains("Content Security Policy", StringComparison.Ordinal))
                _refused.Enqueue(message.Text);
        };
    }

    public IPage Page { get; }

    public async ValueTask DisposeAsync()
    {
        await _context.DisposeAsync();
        Assert.Empty(_refused);
    }
}
