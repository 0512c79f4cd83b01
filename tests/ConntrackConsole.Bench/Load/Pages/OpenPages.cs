using System.Net;

namespace ConntrackConsole.Bench.Load.Pages;

/// <summary>Signed-in people who watch: half of them the whole cluster, half a Service of their own.</summary>
internal sealed class OpenPages(Uri console, ClusterShape shape, int count) : IAsyncDisposable
{
    private readonly List<OpenPage> _pages = [];

    public PageTotals Totals { get; } = new();

    /// <exception cref="InvalidOperationException">A page cannot be opened.</exception>
    public async Task OpenAsync()
    {
        if (count == 0)
            return;
        var session = new CookieContainer();
        using var client = new HttpClient(new HttpClientHandler { CookieContainer = session, AllowAutoRedirect = false });
        using var answer = await client.GetAsync(new Uri(console, $"signin?token={ConsoleProcess.SignInToken}"));
        if (answer.StatusCode != HttpStatusCode.Redirect || session.Count == 0)
            throw new InvalidOperationException($"The console does not sign in: {answer.StatusCode}, {session.Count} cookies.");
        for (int page = 0; page < count; page++)
        {
            int service = page * 7 % shape.Services;
            string path = page % 2 == 0 ? "/" : $"/?ns={ClusterShape.Namespace(service)}&svc={ClusterShape.Service(service)}";
            _pages.Add(await OpenPage.OpenAsync(console, path, session, Totals));
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var page in _pages)
            await page.DisposeAsync();
    }
}
