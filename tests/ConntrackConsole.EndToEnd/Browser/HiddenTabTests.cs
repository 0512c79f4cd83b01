using Microsoft.Playwright;
using Xunit;

namespace ConntrackConsole.EndToEnd.Browser;

/// <summary>A tab that is not visible receives nothing from the console, and catches up when it is visible again.</summary>
[Collection(nameof(HealthyLab))]
public class HiddenTabTests(HealthyLab lab)
{
    // The browser draws a hidden tab of a headless run as any other: the page itself reports it hidden.
    private const string SetHidden = """
        hidden => {
          Object.defineProperty(document, "visibilityState", { configurable: true, get: () => hidden ? "hidden" : "visible" });
          Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
          document.dispatchEvent(new Event("visibilitychange"));
        }
        """;

    [Fact]
    public async Task HiddenTab_ReceivesNothing_UntilItIsVisible()
    {
        int received = 0;
        long receivedAt = 0;
        // Blazor's answers to its own keep-alive are some bytes long.
        await using var tab = await lab.OpenAsync(page => page.WebSocket += (_, socket) => socket.FrameReceived += (_, frame) =>
        {
            if (frame.Binary?.Length > 200)
                (received, receivedAt) = (received + 1, Environment.TickCount64);
        });
        var page = tab.Page;
        // Before, the page does not listen.
        await Assertions.Expect(page.Locator("html[data-shortcuts]")).ToHaveCountAsync(1);
        await GrowsAsync();

        await page.EvaluateAsync(SetHidden, true);
        // What was on its way arrives, on a busy machine for some seconds; then nothing does for ten, in which a visible tab gets about ten frames.
        await Eventually.TrueAsync(() => Environment.TickCount64 - receivedAt > 10_000);

        await page.EvaluateAsync(SetHidden, false);
        await GrowsAsync();

        async Task GrowsAsync()
        {
            int now = received;
            await Eventually.TrueAsync(() => received > now + 3);
        }
    }
}
