using System.Text;
using ConntrackConsole.Collector.KubeProxy;
using Xunit;

namespace ConntrackConsole.Collector.Tests.KubeProxy;

[Trait("Category", "Parser")]
public class KubeProxyMetricsTests
{
    [Fact]
    public void Nftables_RealPage_IsReadCompletely()
    {
        var page = KubeProxyMetrics.Read(Fixture.Bytes("kube-proxy-nftables.txt"));

        Assert.Equal((1795399208.37, 57, 0, 0), (page.ProcessStart, page.EndpointChanges, page.EndpointChangesPending, page.ServiceChangesPending));
        // IPv6 was idle since its start: its old sync must not be compared with IPv4's new change.
        Assert.Equal((1795399442.8917148, 1795399442.4825425), (page.LastSync, page.LastQueued));
        Assert.InRange(page.SyncP99, 0.128, 0.256); // 26 of 27 within 0.128 s, all within 0.256 s
        Assert.Equal(0, page.ApiErrors);
        Assert.True(double.IsNaN(page.InvalidDropped) && double.IsNaN(page.ReconcilerDeleted) && double.IsNaN(page.SyncFailures));
    }

    [Fact]
    public void Iptables_RealPage_HasTheInvalidCounter()
    {
        var page = KubeProxyMetrics.Read(Fixture.Bytes("kube-proxy-iptables.txt"));

        Assert.Equal((0, 21), (page.InvalidDropped, page.EndpointChanges));
        Assert.Equal((1795400097.7757463, 1795400097.7313497), (page.LastSync, page.LastQueued));
        Assert.InRange(page.SyncP99, 0.064, 0.128);
    }

    [Fact]
    public void Families_TheLaggingOne_IsUsed()
    {
        var page = Read("""
            kubeproxy_sync_proxy_rules_last_timestamp_seconds{ip_family="IPv4"} 200
            kubeproxy_sync_proxy_rules_last_timestamp_seconds{ip_family="IPv6"} 100
            kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds{ip_family="IPv4"} 200.5
            kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds{ip_family="IPv6"} 150
            """);

        Assert.Equal((100, 150), (page.LastSync, page.LastQueued));
    }

    [Fact]
    public void Labels_WithAndWithoutFamily_AddUp()
    {
        var page = Read("""
            kubeproxy_sync_proxy_rules_iptables_restore_failures_total 2
            kubeproxy_sync_proxy_rules_iptables_partial_restore_failures_total{ip_family="IPv4"} 3
            kubeproxy_sync_proxy_rules_nftables_sync_failures_total{ip_family="IPv6"} 4
            kubeproxy_conntrack_reconciler_deleted_entries_total{ip_family="IPv4"} 5
            kubeproxy_conntrack_reconciler_deleted_entries_total{ip_family="IPv6"} 6
            rest_client_requests_total{code="200",host="a",method="GET"} 7
            rest_client_requests_total{code="503",host="a",method="GET"} 8
            rest_client_requests_total{code="<error>",host="a}\"",method="GET"} 9
            kubeproxy_sync_proxy_rules_last_timestamp_seconds 12.5
            """);

        Assert.Equal((9, 11, 17, 12.5), (page.SyncFailures, page.ReconcilerDeleted, page.ApiErrors, page.LastSync));
        Assert.Equal(double.NaN, page.LastQueued);
    }

    [Theory]
    [InlineData("")]
    [InlineData("<html>not metrics</html>")]
    [InlineData("kubeproxy_ 1 2 3\nkubeproxy_x{le=\"0.1\" 3\n{} 4\nkubeproxy_y\nkubeproxy_z{a=\"\\")]
    [InlineData("kubeproxy_sync_proxy_rules_duration_seconds_bucket{le=\"nonsense\"} 1")]
    [InlineData("kubeproxy_sync_proxy_rules_duration_seconds_bucket{le=\"+Inf\"} 0")]
    public void Read_MalformedPage_LeavesEveryValueUnknown(string text)
    {
        var page = Read(text);

        Assert.All(
            [page.SyncP99, page.LastSync, page.LastQueued, page.EndpointChanges, page.SyncFailures, page.ApiErrors],
            number => Assert.True(double.IsNaN(number)));
    }

    [Fact]
    public void Page_OfManyLines_AllocatesNothing()
    {
        byte[] page = Fixture.Bytes("kube-proxy-iptables.txt");
        KubeProxyMetrics.Read(page);
        long before = GC.GetAllocatedBytesForCurrentThread();
        KubeProxyMetrics.Read(page);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static KubeProxyMetrics Read(string text) => KubeProxyMetrics.Read(Encoding.UTF8.GetBytes(text));
}
