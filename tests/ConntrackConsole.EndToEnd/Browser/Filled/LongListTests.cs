using ConntrackConsole.Tests.Integration.Hosting;
using Microsoft.Playwright;
using Xunit;

namespace ConntrackConsole.EndToEnd.Browser.Filled;

/// <summary>A list of thousands of rows has some of them in the page, and scrolls to its last one.</summary>
public sealed class LongListTests(Chromium chromium)
{
    private const int Resets = 2_000;

    [Theory]
    [InlineData(1400)]
    [InlineData(390)]
    public async Task Resets_ScrolledToTheEnd_ShowTheLastRow(int width)
    {
        var (host, _) = await FilledConsole.StartAsync(Resets, TestContext.Current.CancellationToken);
        await using var console = host;
        await using var tab = await chromium.OpenAsync($"{host.Url}/signin?token={ConsoleHost.SignInToken}", width);
        var page = tab.Page;
        await page.GotoAsync($"{host.Url}/resets?sort=time&range=1h");
        var rows = page.GetByTestId("reset");
        await Assertions.Expect(page.GetByTestId("resets-headline")).ToContainTextAsync("2,000 resets");
        await Assertions.Expect(rows.First).ToBeVisibleAsync();
        string first = await TimeOfAsync(rows.First);
        Assert.InRange(await rows.CountAsync(), 5, 100);

        // The position of the bar is the whole list's, not that of a part of it.
        int height = await page.EvaluateAsync<int>("document.querySelector('.resets .mud-table-container').scrollHeight");
        int row = await page.EvaluateAsync<int>("Math.round(document.querySelector('.resets tbody .mud-table-row').getBoundingClientRect().height)");
        Assert.InRange(height, Resets * (row - 1), (Resets + 3) * (row + 1));
        await page.EvaluateAsync("document.querySelector('.resets .mud-table-container').scrollTop = 1e9");
        await Eventually.TrueAsync(() => page.EvaluateAsync<bool>(
            """
            () => {
              const box = document.querySelector('.resets .mud-table-container');
              const rows = [...box.querySelectorAll('tbody .mud-table-row')];
              const last = rows.at(-1)?.getBoundingClientRect(), view = box.getBoundingClientRect();
              return box.scrollTop + box.clientHeight >= box.scrollHeight - 2 && last && last.bottom <= view.bottom + 1 && last.top >= view.top;
            }
            """));
        // From the oldest to the newest.
        Assert.True(string.CompareOrdinal(await TimeOfAsync(rows.Last), first) > 0);
        Assert.Equal(0, await page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth"));
    }

    /// <summary>By keyboard: the header's button sorts, and the order is in the link.</summary>
    [Fact]
    public async Task Header_Enter_Sorts()
    {
        var (host, _) = await FilledConsole.StartAsync(30, TestContext.Current.CancellationToken);
        await using var console = host;
        await using var tab = await chromium.OpenAsync($"{host.Url}/signin?token={ConsoleHost.SignInToken}", 390);
        await tab.Page.GotoAsync($"{host.Url}/pods");
        await tab.Page.GetByTestId("sort-name").FocusAsync();
        await tab.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(tab.Page.GetByTestId("sort-name")).ToHaveAttributeAsync("aria-label", "Pod, sorted ascending");
        Assert.EndsWith("/pods?sort=name", tab.Page.Url, StringComparison.Ordinal);
        await Assertions.Expect(tab.Page.GetByTestId("pod").First).ToHaveAttributeAsync("data-pod", "client-1");
        await Assertions.Expect(tab.Page.GetByTestId("sort-name")).ToBeFocusedAsync();
    }

    private static async Task<string> TimeOfAsync(ILocator row) => await row.Locator("time").GetAttributeAsync("datetime") ?? "";
}
