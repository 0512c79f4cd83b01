using System.Net;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Hosting;
using ConntrackConsole.Tests.Integration.Hosting;
using Microsoft.Extensions.Diagnostics.HealthChecks;
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

    [Fact]
    public void Text_HasEveryReason_TheWorstFirst()
    {
        Assert.Equal("ok", Health.Text(Report((HealthStatus.Healthy, null), (HealthStatus.Healthy, "fine"))));
        Assert.Equal(
            "the cluster is not listed\na: late\nb: limited",
            Health.Text(Report((HealthStatus.Degraded, "a: late\nb: limited"), (HealthStatus.Healthy, null), (HealthStatus.Unhealthy, "the cluster is not listed"))));
    }

    private static HealthReport Report(params (HealthStatus Status, string? Text)[] entries) => new(
        entries.Select((entry, i) => ($"{i}", entry)).ToDictionary(e => e.Item1, e => new HealthReportEntry(e.entry.Status, e.entry.Text, default, null, null)), default);

    private static async Task<(HttpStatusCode, string?, string)> GetAsync(HttpClient client, string path)
    {
        using var answer = await client.GetAsync(path, TestContext.Current.CancellationToken);
        return (answer.StatusCode, answer.Content.Headers.ContentType?.ToString(), await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }
}
