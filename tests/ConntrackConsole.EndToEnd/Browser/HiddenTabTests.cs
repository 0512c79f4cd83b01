using Xunit;

namespace ConntrackConsole.EndToEnd.Browser;

/// <summary>A tab that is not visible receives nothing from the console, and catches up when it is visible again.</summary>
public class HiddenTabTests(Chromium chromium)
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
        await using var lab = await RunningLab.StartAsync("--scenario", "healthy", "--rollouts", "0");
        await using var tab = await chromium.OpenAsync("about:blank");
        var page = tab.Page;
        int received = 0;
        // Blazor's answers to its own keep-alive are some bytes long.
        page.WebSocket += (_, socket) => socket.FrameReceived += (_, frame) => received += frame.Binary?.Length > 200 ? 1 : 0;
        await page.GotoAsync((string)lab.Ready["url"]!);
        await lab.ConnectedAsync(12);
        await GrowsAsync();

        await page.EvaluateAsync(SetHidden, true);
        // What was on its way arrives.
        await Task.Delay(2_000, TestContext.Current.CancellationToken);
        int before = received;
        await Task.Delay(5_000, TestContext.Current.CancellationToken);
        Assert.Equal(before, received);

        await page.EvaluateAsync(SetHidden, false);
        await GrowsAsync();

        async Task GrowsAsync()
        {
            int now = received;
            await Eventually.TrueAsync(() => received > now + 3);
        }
    }
}
