using ConntrackConsole.Lab.KubeProxy;
using Xunit;

namespace ConntrackConsole.Lab.Tests;

public sealed class ProxyStateTests
{
    [Fact]
    public void Metrics_BetweenQueueAndSync_ShowPendingChanges()
    {
        var state = new ProxyState();
        state.Queued(3, DateTimeOffset.UnixEpoch.AddSeconds(1000.5));

        Assert.Contains("\nkubeproxy_sync_proxy_rules_endpoint_changes_pending 3\n", state.Metrics(), StringComparison.Ordinal);
        Assert.Contains("\nkubeproxy_sync_proxy_rules_last_queued_timestamp_seconds{ip_family=\"IPv4\"} 1000.5\n", state.Metrics(), StringComparison.Ordinal);

        state.Synced(TimeSpan.FromMilliseconds(3), TimeSpan.FromMilliseconds(400));

        Assert.Contains("\nkubeproxy_sync_proxy_rules_endpoint_changes_pending 0\n", state.Metrics(), StringComparison.Ordinal);
        Assert.Contains("\nkubeproxy_sync_proxy_rules_endpoint_changes_total 3\n", state.Metrics(), StringComparison.Ordinal);
        Assert.Contains("kubeproxy_sync_proxy_rules_duration_seconds_bucket{ip_family=\"IPv4\",le=\"0.002\"} 0\n", state.Metrics(), StringComparison.Ordinal);
        Assert.Contains("kubeproxy_sync_proxy_rules_duration_seconds_bucket{ip_family=\"IPv4\",le=\"0.004\"} 1\n", state.Metrics(), StringComparison.Ordinal);
        Assert.Contains("kubeproxy_network_programming_duration_seconds_bucket{ip_family=\"IPv4\",le=\"+Inf\"} 1\n", state.Metrics(), StringComparison.Ordinal);
    }

    [Fact]
    public void Metrics_FailedSync_IsCounted()
    {
        var state = new ProxyState();
        state.SyncFailed();

        Assert.Contains("kubeproxy_sync_proxy_rules_nftables_sync_failures_total{ip_family=\"IPv4\"} 1\n", state.Metrics(), StringComparison.Ordinal);
    }
}
