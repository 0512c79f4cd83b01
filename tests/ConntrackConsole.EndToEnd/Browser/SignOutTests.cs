using ConntrackConsole.Tests.Integration.Hosting;
using ConntrackConsole.Audit;
using ConntrackConsole.Identity;
using Microsoft.Playwright;
using Xunit;

namespace ConntrackConsole.EndToEnd.Browser;

/// <summary>Who I am stands in the bar; when I am that no more, the page is gone.</summary>
public class SignOutTests(Chromium chromium)
{
    private const string Token = "token-of-olivia-in-the-test";

    [Fact]
    public async Task Page_SessionEndedByAnAdmin_ShowsNothingMoreWithoutBeingLoaded()
    {
        await using var host = await ConsoleHost.StartAsync();
        await using var tab = await chromium.OpenAsync($"{host.Url}/signin?token={ConsoleHost.SignInToken}");
        var page = tab.Page;
        await Assertions.Expect(page.GetByTestId("who")).ToContainTextAsync("operator (link)");
        var signIn = Assert.Single(await host.Get<AuditLog>().ReadAsync(new AuditFilter(What: "signin"), TestContext.Current.CancellationToken));

        Assert.Null(await host.Get<Sessions>().EndOtherAsync(new Principal("root", Role.Admin, "another", null), signIn.Session!, "a lost phone", TestContext.Current.CancellationToken));

        await Assertions.Expect(page.GetByTestId("session-ended")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByTestId("who")).ToHaveCountAsync(0);
        await page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "Load the page again" }).ClickAsync();
        await Assertions.Expect(page.GetByText("Your session was ended.")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task SignOut_FromTheTopBarOfAPhone_EndsTheSession()
    {
        await using var host = await ConsoleHost.StartWithAsync(null,
            "--Identity:Links:0:Name=olivia-from-the-platform-team", "--Identity:Links:0:Role=break-glass", $"--Identity:Links:0:Token={Token}");
        await using var tab = await chromium.OpenAsync($"{host.Url}/signin?token={Token}", 390, 800);
        var page = tab.Page;
        var who = page.GetByTestId("who");
        await Assertions.Expect(who).ToContainTextAsync("break-glass");
        Assert.Equal(390, await page.EvaluateAsync<int>("document.documentElement.scrollWidth"));

        await who.Locator("summary").ClickAsync();
        var wayOut = page.GetByTestId("sign-out");
        var place = (await wayOut.BoundingBoxAsync())!;
        Assert.True(place.X >= 0 && place.X + place.Width <= 390 && place.Height >= 44, $"at {place.X}, {place.Width} wide, {place.Height} high");
        await wayOut.ClickAsync();

        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new PageGetByRoleOptions { Name = "Sign in" })).ToBeVisibleAsync();
        var row = Assert.Single(await host.Get<AuditLog>().ReadAsync(new AuditFilter(What: "signout"), TestContext.Current.CancellationToken));
        Assert.Equal(("olivia-from-the-platform-team", "break-glass"), (row.Who, row.Roles));
        await page.GotoAsync(host.Url + "/audit");
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new PageGetByRoleOptions { Name = "Sign in" })).ToBeVisibleAsync();
    }
}
