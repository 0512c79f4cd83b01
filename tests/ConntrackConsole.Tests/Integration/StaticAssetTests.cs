using ConntrackConsole.Tests.Integration.Hosting;
using Xunit;

namespace ConntrackConsole.Tests.Integration;

/// <summary>The repository's wwwroot is outside the project; if it is served wrongly the response is 200 and empty.</summary>
public sealed class StaticAssetTests
{
    [Theory]
    [InlineData("css/tokens.css")]
    [InlineData("css/app.css")]
    [InlineData("css/findings.css")]
    [InlineData("css/chart.css")]
    [InlineData("css/actions.css")]
    [InlineData("css/lists.css")]
    [InlineData("css/narrow.css")]
    [InlineData("js/timeline.js")]
    [InlineData("_content/MudBlazor/MudBlazor.min.css")]
    public async Task Asset_IsServedCompletely(string path)
    {
        await using var host = await ConsoleHost.StartAsync();
        using var client = new HttpClient();

        byte[] bytes = await client.GetByteArrayAsync(new Uri($"{host.Url}/{path}"), TestContext.Current.CancellationToken);

        Assert.True(bytes.Length > 2000, $"{path}: {bytes.Length} bytes");
    }
}
