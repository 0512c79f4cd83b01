using ConntrackConsole.Identity;
using ConntrackConsole.Tests.Integration.Hosting;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Xunit;

namespace ConntrackConsole.EndToEnd.Browser.Filled;

/// <summary>An admin gives a program a token and takes it back, through the page.</summary>
public sealed class AccessPageTests(Chromium chromium)
{
    private const string Eve = "token-of-eve-in-the-test";

    [Theory]
    [InlineData(1400, ColorScheme.Light)]
    [InlineData(390, ColorScheme.Dark)]
    public async Task Token_CreatedUsedAndRevoked(int width, ColorScheme scheme)
    {
        await using var host = await ConsoleHost.StartWithAsync(
            null, "Collectors:Token=collector-token-of-the-test", "Identity:Links:0:Name=eve", "Identity:Links:0:Role=admin", $"Identity:Links:0:Token={Eve}");
        await using var tab = await chromium.OpenAsync($"{host.Url}/signin?token={Eve}", width);
        var page = tab.Page;
        await page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = scheme });
        await page.GotoAsync($"{host.Url}/access");
        await Assertions.Expect(page.GetByTestId("tokens-none")).ToBeVisibleAsync();

        await page.Locator("#token-name").FillAsync("deploy-pipeline");
        await page.GetByTestId("token-create").ClickAsync();
        await Assertions.Expect(page.GetByTestId("access-headline")).ToHaveTextAsync("1 program may use the API");
        string secret = await page.GetByTestId("token-secret").Locator("code").InnerTextAsync();
        using var program = new HttpClient { DefaultRequestHeaders = { { "Authorization", $"Bearer {secret}" } } };
        Assert.True((await program.GetAsync($"{host.Url}/api/v1/terminations", TestContext.Current.CancellationToken)).IsSuccessStatusCode);
        await CheckAsync(page);

        // A link to the page does not have the secret.
        await page.ReloadAsync();
        await Assertions.Expect(page.GetByTestId("token")).ToHaveCountAsync(1);
        Assert.DoesNotContain(secret, await page.ContentAsync(), StringComparison.Ordinal);

        await page.GetByTestId("token-revoke").ClickAsync();
        await Assertions.Expect(page.GetByTestId("token-revoke")).ToHaveTextAsync("Confirm: revoke now");
        Assert.Null((await host.Get<ApiTokens>().ListAsync(TestContext.Current.CancellationToken))[0].EndedMs);
        await page.GetByTestId("token-revoke").ClickAsync();
        await Assertions.Expect(page.GetByTestId("access-headline")).ToHaveTextAsync("0 programs may use the API");
        await Assertions.Expect(page.GetByTestId("token")).ToContainTextAsync("revoked");
        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, (await program.GetAsync($"{host.Url}/api/v1/terminations", TestContext.Current.CancellationToken)).StatusCode);
        await CheckAsync(page);
    }

    private static async Task CheckAsync(IPage page)
    {
        Assert.Empty((await page.RunAxe()).Violations.SelectMany(violation => violation.Nodes.Select(node => $"{violation.Id}: {node.Html}")));
        Assert.Equal(0, await page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth"));
    }
}
