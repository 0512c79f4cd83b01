using ConntrackConsole.Tests.Integration.Hosting;
using Microsoft.Playwright;
using Xunit;

namespace ConntrackConsole.EndToEnd.Browser.Filled;

/// <summary>Notifications of a browser: only after the user has switched them on, once for each finding, and with its page.</summary>
public sealed class NoticeTests(Chromium chromium)
{
    [Fact]
    public async Task Notice_SwitchedOn_ComesOnceForEachFinding_AndOpensItsPage()
    {
        var (host, _) = await FilledConsole.StartAsync(30, TestContext.Current.CancellationToken);
        await using var console = host;
        await using var tab = await chromium.OpenAsync($"{host.Url}/signin?token={ConsoleHost.SignInToken}");
        var page = tab.Page;
        await page.Context.GrantPermissionsAsync(["notifications"], new BrowserContextGrantPermissionsOptions { Origin = host.Url });
        // A notification of the system cannot be clicked from here.
        await page.AddInitScriptAsync("window.notices = []; window.Notification = class extends Notification { constructor(title, options) { super(title, options); window.notices.push(this); } };");
        await page.GotoAsync($"{host.Url}/nodes");
        await Assertions.Expect(page.GetByTestId("node").First).ToBeVisibleAsync();
        await NotifyAsync("finding-1");
        Assert.Equal(0, await CountAsync());

        await page.GetByTestId("who").GetByRole(AriaRole.Button).First.ClickAsync();
        await page.GetByTestId("notify-switch").ClickAsync();
        await Eventually.TrueAsync(async () => await page.EvaluateAsync<string?>("localStorage.getItem('notifications')") == "on", TimeSpan.FromSeconds(60), () => "off", "the browser's permission is used");
        await NotifyAsync("finding-1");
        await NotifyAsync("finding-1");
        await NotifyAsync("finding-2");
        Assert.Equal(2, await CountAsync());
        Assert.Equal("Black hole|M4: shop/orders|finding-2", await page.EvaluateAsync<string>("[notices[1].title, notices[1].body, notices[1].tag].join('|')"));

        await page.EvaluateAsync("notices[1].onclick()");
        await page.WaitForURLAsync("**/findings/finding-2");
        // Another tab of this browser has shown them too.
        await page.ReloadAsync();
        await NotifyAsync("finding-2");
        Assert.Equal(0, await CountAsync());

        Task NotifyAsync(string id) => page.EvaluateAsync("async id => (await import('/js/shell/app.js')).notify(id, 'Black hole', 'M4: shop/orders', `/findings/${id}`)", id);
        Task<int> CountAsync() => page.EvaluateAsync<int>("notices.length");
    }
}
