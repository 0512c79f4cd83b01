using ConntrackConsole.Tests.Integration.Hosting;
using ConntrackConsole.Audit;
using ConntrackConsole.Identity;
using Microsoft.Playwright;
using Xunit;

namespace ConntrackConsole.EndToEnd.Browser;

/// <summary>The top bar shows the user; after the session has ended the page shows nothing.</summary>
public class SignOutTests(Chromium chromium)
{
    private const string Token = "token-of-olivia-in-the-test";

    [Fact]
    public async Task Page_SessionEndedByAnAdmin_IsHiddenWithoutReload()
    {
        await using var host = await ConsoleHost.StartAsync();
        await using var tab = await chromium.OpenAsync($"{host.Url}/signin?token={ConsoleHost.SignInToken}");
        var page = tab.Page;
        await Assertions.Expect(page.GetByTestId("who")).ToContainTextAsync("operator (link)");
        var signIn = Assert.Single(await host.Get<AuditLog>().ReadAsync(new AuditFilter(What: "signin"), TestContext.Current.CancellationToken));

        Assert.Null(await host.Get<Sessions>().EndOtherAsync(new Principal("root", Role.Admin, "another", null), signIn.Session!, "a lost phone", TestContext.Current.CancellationToken));

        await Assertions.Expect(page.GetByTestId("session-ended")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByTestId("who")).ToHaveCountAsync(0);
        await Assertions.Expect(page.GetByText("This page has stopped because of an error.")).ToBeHiddenAsync();
        await page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "Reload the page" }).ClickAsync();
        await Assertions.Expect(page.GetByText("Your session was ended.")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task SignOut_OnAPhone_EndsTheSession()
    {
        await using var host = await ConsoleHost.StartWithAsync(null,
            "--Identity:Links:0:Name=olivia-from-the-platform-team", "--Identity:Links:0:Role=break-glass", $"--Identity:Links:0:Token={Token}");
        await using var tab = await chromium.OpenAsync($"{host.Url}/signin?token={Token}", 390, 800);
        var page = tab.Page;
        var who = page.GetByTestId("who");
        await Assertions.Expect(who).ToContainTextAsync("break-glass");
        Assert.Equal(390, await page.EvaluateAsync<int>("document.documentElement.scrollWidth"));

        await who.GetByRole(AriaRole.Button).ClickAsync();
        var signOut = page.GetByTestId("sign-out");
        var box = (await signOut.BoundingBoxAsync())!;
        Assert.True(box.X >= 0 && box.X + box.Width <= 390 && box.Height >= 44, $"at {box.X}, {box.Width} wide, {box.Height} high");
        await signOut.ClickAsync();

        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new PageGetByRoleOptions { Name = "Sign in" })).ToBeVisibleAsync();
        var row = Assert.Single(await host.Get<AuditLog>().ReadAsync(new AuditFilter(What: "signout"), TestContext.Current.CancellationToken));
        Assert.Equal(("olivia-from-the-platform-team", "break-glass"), (row.Who, row.Roles));
        await page.GotoAsync(host.Url + "/audit");
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new PageGetByRoleOptions { Name = "Sign in" })).ToBeVisibleAsync();
    }
}
