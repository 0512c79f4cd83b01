using ConntrackConsole.Tests.Integration.Hosting;
using ConntrackConsole.Audit;
using Microsoft.Playwright;
using Xunit;

namespace ConntrackConsole.EndToEnd.Browser;

public sealed class AuditPageTests(Chromium chromium)
{
    [Theory]
    [InlineData(390)]
    [InlineData(1400)]
    public async Task Audit_ExpandedVerifiedAndExported_FitsTheScreen(int width)
    {
        await using var host = await ConsoleHost.StartAsync();
        foreach (string what in (string[])["flush.completed", "flush.break-glass"])
        {
            await host.Get<AuditLog>().AppendAsync(
                new AuditNote("anna (link)", "10.0.0.9", what, "node1, node2, node3", "10.1.0.5", "the pod is gone, and its clients hang", "14 entries", "0 entries", "14 deleted", 412, "flush-0123456789abcdef")
                {
                    Session = "s-0123456789", Roles = "break-glass", IncidentId = "i-1",
                    Details = """[{"node":"node1","proto":"tcp","state":"ESTABLISHED","origSrc":"10.1.1.1","origSport":40000,"origDst":"10.96.0.1","replySrc":"10.1.0.5"}]""",
                },
                TestContext.Current.CancellationToken);
        }

        await using var tab = await chromium.OpenAsync($"{host.Url}/signin?token={ConsoleHost.SignInToken}", width);
        var page = tab.Page;
        await page.GotoAsync($"{host.Url}/audit?what=flush");
        await Assertions.Expect(page.GetByTestId("audit-row")).ToHaveCountAsync(2);
        await page.GetByTestId("audit-more").First.ClickAsync();
        await Assertions.Expect(page.GetByTestId("audit-entries")).ToContainTextAsync("ESTABLISHED");
        await page.GetByTestId("audit-verify").ClickAsync();
        await Assertions.Expect(page.GetByTestId("audit-verdict")).ToHaveAttributeAsync("data-whole", "true");
        int wider = await page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth");
        Assert.Equal(0, wider);

        var saved = await page.RunAndWaitForDownloadAsync(() => page.GetByTestId("audit-csv").ClickAsync());
        string[] lines = await File.ReadAllLinesAsync(await saved.PathAsync(), TestContext.Current.CancellationToken);
        Assert.Equal(3, lines.Length);
        Assert.All(lines[1..], l => Assert.Contains(",flush.", l));
    }

    /// <summary>The longest kind, and a row that has a whole configuration: no text lies over another column, and no row fills the screen.</summary>
    [Theory]
    [InlineData(1100)]
    [InlineData(1400)]
    public async Task Audit_LongTexts_StayInTheirCells(int width)
    {
        await using var host = await ConsoleHost.StartAsync();
        string configuration = $"{{{string.Join(',', Enumerable.Range(0, 300).Select(n => $"\"Key{n}\":\"value {n}\""))}}}";
        foreach (string what in (string[])["setting.revert-break-glass", "setting.revert-ordered"])
        {
            await host.Get<AuditLog>().AppendAsync(
                new AuditNote("anna (link)", "10.0.0.9", what, "node1, node2", "net.netfilter.nf_conntrack_tcp_be_liberal", "clients reset", configuration, configuration, "ok", 4, "setting-0123456789abcdef"),
                TestContext.Current.CancellationToken);
        }

        await using var tab = await chromium.OpenAsync($"{host.Url}/signin?token={ConsoleHost.SignInToken}", width);
        await tab.Page.GotoAsync($"{host.Url}/audit?what=setting");
        await Assertions.Expect(tab.Page.GetByTestId("audit-row")).ToHaveCountAsync(2);
        string[] found = await tab.Page.EvaluateAsync<string[]>(
            """
            most => [...document.querySelectorAll("tr:has([data-testid=audit-row])")].flatMap(row => [
              ...(row.getBoundingClientRect().height > most ? [`a row of ${row.getBoundingClientRect().height} px`] : []),
              ...[...row.cells].flatMap(cell => {
                const range = document.createRange(), box = cell.getBoundingClientRect();
                range.selectNodeContents(cell);
                const beyond = [...range.getClientRects()].filter(rect => rect.right > box.right + 1);
                return beyond.length ? [`${cell.textContent.slice(0, 40)}: ${Math.max(...beyond.map(rect => rect.right)) - box.right} px beyond its cell`] : [];
              }),
            ])
            """, width < 1200 ? 400 : 240);
        Assert.Empty(found);
    }
}
