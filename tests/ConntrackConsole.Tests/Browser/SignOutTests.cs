using ConntrackConsole.Audit;
using ConntrackConsole.Tests.Integration;
using Microsoft.Playwright;
using Xunit;

namespace ConntrackConsole.Tests.Browser;

/// <summary>On a phone: who I am stands in the bar, and one tap further I am somebody no more.</summary>
public class SignOutTests
{
    private const string Token = "token-of-olivia-in-the-test";

    [Fact]
    public async Task SignOut_FromTheTopBarOfAPhone_EndsTheSession()
    {
        await using var host = await ConsoleHost.StartWithAsync(null,
            "--Identity:Links:0:Name=olivia-from-the-platform-team", "--Identity:Links:0:Role=break-glass", $"--Identity:Links:0:Token={Token}");
        await using var chromium = await Chromium.StartAsync();
        var page = await chromium.OpenAsync($"{host.Url}/signin?token={Token}", 390, 800);
        var who = page.GetByTestId("who");
        await Assertions.Expect(who).ToContainTextAsync("break-glass");
        Assert.Equal(390, await page.EvaluateAsync<int>("document.documentElement.scrollWidth"));

        await who.Locator("summary").ClickAsync();
        await page.GetByTestId("sign-out").ClickAsync();

        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new PageGetByRoleOptions { Name = "Sign in" })).ToBeVisibleAsync();
        var row = Assert.Single(await host.Get<AuditLog>().ReadAsync(new AuditFilter(What: "signout"), TestContext.Current.CancellationToken));
        Assert.Equal(("olivia-from-the-platform-team", "break-glass"), (row.Who, row.Roles));
        await page.GotoAsync(host.Url + "/audit");
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new PageGetByRoleOptions { Name = "Sign in" })).ToBeVisibleAsync();
    }
}
