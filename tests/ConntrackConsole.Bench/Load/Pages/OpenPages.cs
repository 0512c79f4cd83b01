using System.Net;

namespace ConntrackConsole.Bench.Load.Pages;

/// <summary>Signed-in people who watch: half of them the whole cluster, half a Service of their own.</summary>
internal sealed class OpenPages(Uri console, CookieContainer session, ClusterShape shape, int count) : IAsyncDisposable
{
    private readonly List<OpenPage> _pages = [];

    public PageTotals Totals { get; } = new();

    /// <exception cref="InvalidOperationException">A page cannot be opened.</exception>
    public async Task OpenAsync()
    {
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
