using System.Net;
using Microsoft.Playwright;
using Xunit;

namespace ConntrackConsole.EndToEnd.Browser;

/// <summary>A lab with a console, shared by the tests of the collection <see cref="HealthyLab"/>: none of them breaks a connection. Its operator is signed in.</summary>
[CollectionDefinition(nameof(HealthyLab))]
public sealed class HealthyLab(Chromium chromium) : ICollectionFixture<HealthyLab>, IAsyncLifetime
{
    private readonly CookieContainer _cookies = new();
    private readonly Lock _gate = new();
    private Task? _rollout;

    internal RunningLab Lab { get; private set; } = null!;

    /// <summary>The console's first page, without the sign-in link's key.</summary>
    public Uri Url => new(new Uri((string)Lab.Ready["url"]!), "/");

    /// <summary>What the operator's sign-in link answered: it can be used once.</summary>
    public HttpStatusCode SignInAnswer { get; private set; }

    public async ValueTask InitializeAsync()
    {
        Lab = await RunningLab.StartAsync("--scenario", "healthy", "--rollouts", "0");
        using var client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false, CookieContainer = _cookies });
        SignInAnswer = (await client.GetAsync(new Uri((string)Lab.Ready["url"]!))).StatusCode;
        await Lab.ConnectedAsync(12);
    }

    public ValueTask DisposeAsync() => Lab.DisposeAsync();

    /// <summary>Opens a page of the console as the operator.</summary>
    public async Task<Tab> OpenAsync(Action<IPage>? beforeNavigation = null)
    {
        var tab = await chromium.OpenAsync("about:blank");
        await tab.Page.Context.AddCookiesAsync(_cookies.GetCookies(Url).Select(cookie => new Microsoft.Playwright.Cookie { Name = cookie.Name, Value = cookie.Value, Url = Url.ToString() }));
        beforeNavigation?.Invoke(tab.Page);
        await tab.Page.GotoAsync(Url.ToString());
        return tab;
    }

    /// <summary>The first rollout, from revision 1 to 2; the tests that need one have the same.</summary>
    public Task RolloutAsync()
    {
        lock (_gate)
            return _rollout ??= StartAsync();

        async Task StartAsync()
        {
            Lab.Send("rollout healthy");
            await Lab.EventsAsync("rollout-done", 1);
        }
    }
}
