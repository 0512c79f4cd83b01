using System.Net;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Tests.Integration.Hosting;
using Xunit;

namespace ConntrackConsole.Tests.Integration;

public sealed class HealthTests
{
    [Fact]
    public async Task Ready_FollowsTheCluster_AndHealthDoesNot()
    {
        await using var host = await ConsoleHost.StartAsync();
        using var probe = new HttpClient { BaseAddress = new Uri(host.Url) };
        Assert.Equal((HttpStatusCode.OK, "text/plain; charset=utf-8", "ok"), await GetAsync(probe, "/readyz"));

        host.Get<ClusterState>().Watching();
        var (status, type, text) = await GetAsync(probe, "/readyz");
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "text/plain; charset=utf-8"), (status, type));
        Assert.StartsWith(ClusterCodes.NotListed + ": ", text, StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.OK, "text/plain; charset=utf-8", "ok"), await GetAsync(probe, "/healthz"));
    }

    private static async Task<(HttpStatusCode, string?, string)> GetAsync(HttpClient client, string path)
    {
        using var answer = await client.GetAsync(path, TestContext.Current.CancellationToken);
        return (answer.StatusCode, answer.Content.Headers.ContentType?.ToString(), await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }
}
