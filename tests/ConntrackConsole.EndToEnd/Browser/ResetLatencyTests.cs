using System.Globalization;
using Microsoft.Playwright;
using Xunit;

namespace ConntrackConsole.EndToEnd.Browser;

/// <summary>How long a reset takes from the wire to the page: by the lab's clock of each abort, and that of the browser when its count changes.</summary>
public sealed class ResetLatencyTests(Chromium chromium)
{
    private const int Resets = 40;

    [Fact]
    [Trait("Category", "Long")]
    public async Task Resets_AreOnThePage_OneByOne()
    {
        await using var lab = await RunningLab.StartAsync("--scenario", "healthy", "--rollouts", "0");
        await using var tab = await chromium.OpenAsync((string)lab.Ready["url"]!);
        var page = tab.Page;
        await lab.ConnectedAsync(12);
        await Assertions.Expect(page.GetByTestId("headline-resets")).ToContainTextAsync("No resets");
        await page.EvaluateAsync(
            """
            () => {
              const total = () => [...document.querySelector("[data-testid=headline-resets]").innerText.matchAll(/([\d,]+) (?:un-NATed|from a backend|other)/g)].reduce((sum, match) => sum + Number(match[1].replaceAll(",", "")), 0);
              let last = 0;
              window.seen = [];
              new MutationObserver(() => {
                const now = total();
                while (last < now) { window.seen.push(Date.now()); last++; }
              }).observe(document.querySelector("main"), { subtree: true, childList: true, characterData: true });
            }
            """);
        var random = new Random(1);
        for (int i = 1; i <= Resets; i++)
        {
            lab.Send("abort");
            await lab.LabelsAsync(i);
            await Task.Delay(random.Next(50, 900), TestContext.Current.CancellationToken);
        }

        await Eventually.TrueAsync(() => page.EvaluateAsync<bool>("count => window.seen.length >= count", Resets));
        double[] seen = await page.EvaluateAsync<double[]>("window.seen");
        double[] sent = [.. lab.Labels.Select(label => (double)label["t"]! * 1_000).Order()];
        Assert.Equal(Resets, seen.Length);
        // In order: the n-th that was sent is not on the page before it was sent. The lab reads what its clients report a little later.
        double[] waited = [.. seen.Zip(sent, (at, from) => at - from).Order()];
        Assert.All(waited, took => Assert.True(took > -1_000, $"{took} ms"));
        TestContext.Current.TestOutputHelper!.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Resets} resets, wire to page: p50 {waited[Resets / 2]:0} ms, p95 {waited[Resets * 95 / 100]:0} ms, at most {waited[^1]:0} ms"));
    }
}
