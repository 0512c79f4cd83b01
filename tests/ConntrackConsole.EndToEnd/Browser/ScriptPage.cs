using ConntrackConsole.Tests.Architecture;
using Microsoft.Playwright;

namespace ConntrackConsole.EndToEnd.Browser;

/// <summary>An empty page that can import the console's scripts (wwwroot/js), without a console.</summary>
internal static class ScriptPage
{
    public static async Task<Tab> OpenAsync(Chromium chromium, int width = 1400)
    {
        var tab = await chromium.OpenAsync("about:blank", width);
        await tab.Page.RouteAsync("http://console.test/**", FulfilAsync);
        await tab.Page.GotoAsync("http://console.test/");
        return tab;
    }

    private static Task FulfilAsync(IRoute route)
    {
        string path = new Uri(route.Request.Url).AbsolutePath;
        return path.StartsWith("/js/", StringComparison.Ordinal)
            ? route.FulfillAsync(new RouteFulfillOptions { ContentType = "text/javascript", Path = RepositoryFiles.Path("wwwroot", "js", path["/js/".Length..]) })
            : route.FulfillAsync(new RouteFulfillOptions { ContentType = "text/html", Body = "<!doctype html><title>scripts</title>" });
    }
}
