using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Xunit;

namespace ConntrackConsole.EndToEnd.Browser;

/// <summary>What the page counts equals what truly happened, told by clients and servers themselves.</summary>
public partial class InvalidTests(Chromium chromium)
{
    [Fact]
    public async Task Resets_OnThePage_EqualTheLabsLabels()
    {
        await using var lab = await RunningLab.StartAsync("--scenario", "healthy", "--rollouts", "0");
        await using var tab = await chromium.OpenAsync((string)lab.Ready["url"]!);
        var page = tab.Page;
        await lab.ConnectedAsync(12);
        await Assertions.Expect(page.GetByTestId("headline-resets")).ToContainTextAsync("No resets");

        // Ordinary aborts over two nodes: none un-NATed, each counted once.
        lab.Send("abort");
        Assert.Equal((0, 0, 1), await CountsAsync(page, total: 1));
        lab.Send("abort unread");
        Assert.Equal((0, 0, 2), await CountsAsync(page, total: 2));

        lab.Send("invalid 5");
        await lab.LabelsAsync(2 + 5);
        // What follows at the clients' next requests is a reset too: looked at again until nothing more comes.
        (int UnNated, int FromBackend, int Other) told, seen;
        var clock = Stopwatch.StartNew();
        do
        {
            told = Told(lab);
            await Task.Delay(TimeSpan.FromSeconds(4), TestContext.Current.CancellationToken);
            seen = await CountsAsync(page, told.UnNated + told.FromBackend + told.Other);
        }
        while ((told != Told(lab) || told != seen) && clock.Elapsed < TimeSpan.FromSeconds(60));

        Assert.Equal((5, 2), (told.UnNated, told.Other));
        Assert.Equal(told, seen);
    }

    private static (int UnNated, int FromBackend, int Other) Told(RunningLab lab)
    {
        var labels = lab.Labels;
        int Of(string kind) => labels.Where(label => (string?)label["kind"] == kind).Sum(label => (int)label["resets"]!);
        return (Of("un-nated"), Of("from-backend") + labels.Sum(label => (int?)label["followedBy"] ?? 0), Of("client-abort"));
    }

    private static async Task<(int UnNated, int FromBackend, int Other)> CountsAsync(IPage page, int total)
    {
        (int UnNated, int FromBackend, int Other) counts = default;
        await Eventually.TrueAsync(
            async () =>
            {
                var match = Sentence().Match(await page.GetByTestId("headline-resets").InnerTextAsync());
                if (match.Success)
                    counts = (Number(match, 1), Number(match, 2), Number(match, 3));
                return counts.UnNated + counts.FromBackend + counts.Other >= total;
            }, state: () => $"{counts}", expression: $"the page counts {total} resets");
        return counts;
    }

    private static int Number(Match match, int group) =>
        int.Parse(match.Groups[group].Value, NumberStyles.AllowThousands, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"([\d,]+) un-NATed, ([\d,]+) from a backend, ([\d,]+) other")]
    private static partial Regex Sentence();
}
