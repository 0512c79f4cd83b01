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
}
