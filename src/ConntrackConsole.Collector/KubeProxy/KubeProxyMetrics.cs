using System.Buffers.Text;
using System.Text;

namespace ConntrackConsole.Collector.KubeProxy;

/// <summary>
/// The relevant values of kube-proxy's /metrics. Names differ by mode and labels by version: values of several IP families are
/// summed, or the oldest or newest is used, and missing values are NaN.
/// </summary>
internal struct KubeProxyMetrics
{
    private const int MaxBuckets = 64;
    private const int Families = 3;

    public double ProcessStart, LastSync, LastQueued, SyncP99, EndpointChanges, EndpointChangesPending, ServiceChangesPending;
    public double SyncFailures, ReconcilerDeleted, InvalidDropped, ApiErrors;

    /// <summary>The IP family of <see cref="LastSync"/> and <see cref="LastQueued"/>: 4, 6, or 0 without the label.</summary>
    public byte LaggingFamily;

    /// <summary>Number of samples that begin with kubeproxy_; 0 = another program listens on the port.</summary>
    public int Samples;

    public static KubeProxyMetrics Read(ReadOnlySpan<byte> page)
    {
        var read = new KubeProxyMetrics
        {
            ProcessStart = double.NaN, LastSync = double.NaN, LastQueued = double.NaN, EndpointChanges = double.NaN,
            EndpointChangesPending = double.NaN, ServiceChangesPending = double.NaN, SyncFailures = double.NaN,
            ReconcilerDeleted = double.NaN, InvalidDropped = double.NaN, ApiErrors = double.NaN,
        };
        Span<double> bounds = stackalloc double[MaxBuckets];
        Span<double> counts = stackalloc double[MaxBuckets];
        int buckets = 0;
        // Per IP family: an idle family's last sync may be older than the other family's last change without any lag.
        Span<double> synced = stackalloc double[Families], queued = stackalloc double[Families];
        synced.Fill(double.NaN);
        queued.Fill(double.NaN);
        var sample = new PrometheusText(page);
        while (sample.MoveNext())
        {
            var name = sample.Name;
            if (name.SequenceEqual("process_start_time_seconds"u8))
            {
                read.ProcessStart = sample.Value;
            }
            else if (name.SequenceEqual("rest_client_requests_total"u8))
            {
                bool good = sample.Label("code"u8) is { Length: 3 } code && code[0] == (byte)'2';
                Add(ref read.ApiErrors, good ? 0 : sample.Value);
            }
            else if (name.StartsWith("kubeproxy_"u8))
            {
                read.Samples++;
                if (name.SequenceEqual("kubeproxy_sync_proxy_rules_duration_seconds_bucket"u8))
                    AddBucket(sample.Label("le"u8), sample.Value, bounds, counts, ref buckets);
                else if (name.SequenceEqual("kubeproxy_sync_proxy_rules_last_timestamp_seconds"u8))
                    synced[FamilyOf(in sample)] = sample.Value;
                else if (name.SequenceEqual("kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds"u8))
                    queued[FamilyOf(in sample)] = sample.Value;
                else
                    read.Take(name["kubeproxy_".Length..], sample.Value);
            }
        }

        (read.LastSync, read.LastQueued, read.LaggingFamily) = WorstOf(synced, queued);
        read.SyncP99 = Quantile(0.99, bounds[..buckets], counts[..buckets]);
        return read;
    }

    public readonly Wire.ProxyReading ToReading(long atMs, Wire.ProxyMode mode, in KubeProxyHealth health) => new(
        atMs, true, mode, health.Status, ProcessStart, LastSync, LastQueued, SyncP99, EndpointChanges, EndpointChangesPending, ServiceChangesPending,
        SyncFailures, ReconcilerDeleted, InvalidDropped, ApiErrors) { Eligible = health.Eligible, LiveStatus = health.LiveStatus, LaggingFamily = LaggingFamily };

    private void Take(ReadOnlySpan<byte> name, double value)
    {
        if (name.SequenceEqual("sync_proxy_rules_endpoint_changes_total"u8))
            Add(ref EndpointChanges, value);
        else if (name.SequenceEqual("sync_proxy_rules_endpoint_changes_pending"u8))
            Add(ref EndpointChangesPending, value);
        else if (name.SequenceEqual("sync_proxy_rules_service_changes_pending"u8))
            Add(ref ServiceChangesPending, value);
        else if (name.SequenceEqual("sync_proxy_rules_iptables_restore_failures_total"u8)
            || name.SequenceEqual("sync_proxy_rules_iptables_partial_restore_failures_total"u8)
            || name.SequenceEqual("sync_proxy_rules_nftables_sync_failures_total"u8))
            Add(ref SyncFailures, value);
        else if (name.SequenceEqual("conntrack_reconciler_deleted_entries_total"u8))
            Add(ref ReconcilerDeleted, value);
        else if (name.SequenceEqual("iptables_ct_state_invalid_dropped_packets_total"u8))
            Add(ref InvalidDropped, value);
    }

    private static int FamilyOf(in PrometheusText sample)
    {
        var family = sample.Label("ip_family"u8);
        return family.SequenceEqual("IPv4"u8) ? 1 : family.SequenceEqual("IPv6"u8) ? 2 : 0;
    }

    // The family with the largest lag; without lag, the one that synced last. 0 means never.
    private static (double Synced, double Queued, byte Family) WorstOf(ReadOnlySpan<double> synced, ReadOnlySpan<double> queued)
    {
        int worst = -1;
        for (int family = 0; family < Families; family++)
        {
            if (!(synced[family] > 0) && !(queued[family] > 0))
                continue;
            if (worst < 0 || Lag(synced, queued, family) > Lag(synced, queued, worst)
                || (Lag(synced, queued, family) == Lag(synced, queued, worst) && synced[family] > synced[worst]))
                worst = family;
        }

        return worst < 0 ? (double.NaN, double.NaN, (byte)0) : (synced[worst], queued[worst], (byte)(worst == 0 ? 0 : (2 * worst) + 2));

        static double Lag(ReadOnlySpan<double> synced, ReadOnlySpan<double> queued, int family) =>
            double.IsNaN(synced[family]) || double.IsNaN(queued[family]) ? 0 : Math.Max(0, queued[family] - synced[family]);
    }

    private static void Add(ref double sum, double value) => sum = double.IsNaN(sum) ? value : sum + value;

    // Sums the same bound of several families: cumulative histograms with equal bounds can be added.
    private static void AddBucket(ReadOnlySpan<byte> le, double count, Span<double> bounds, Span<double> counts, ref int buckets)
    {
        double bound;
        if (le.SequenceEqual("+Inf"u8))
            bound = double.PositiveInfinity;
        else if (!Utf8Parser.TryParse(le, out bound, out int used) || used != le.Length)
            return;
        int at = bounds[..buckets].IndexOf(bound);
        if (at < 0)
        {
            if (buckets == MaxBuckets)
                return;
            at = buckets++;
            bounds[at] = bound;
            counts[at] = 0;
        }

        counts[at] += count;
    }

    // Like histogram_quantile of Prometheus: linear within a bucket, the last finite bound above that.
    private static double Quantile(double share, Span<double> bounds, Span<double> counts)
    {
        bounds.Sort(counts);
        if (bounds.IsEmpty || !double.IsPositiveInfinity(bounds[^1]) || !(counts[^1] > 0))
            return double.NaN;
        double rank = share * counts[^1];
        int at = 0;
        while (at < bounds.Length - 1 && counts[at] < rank)
            at++;
        if (at == bounds.Length - 1)
            return at == 0 ? double.NaN : bounds[at - 1];
        double below = at == 0 ? 0 : counts[at - 1], start = at == 0 ? 0 : bounds[at - 1];
        return start + ((bounds[at] - start) * ((rank - below) / (counts[at] - below)));
    }

    public static Wire.ProxyMode Mode(ReadOnlySpan<byte> text) => Encoding.ASCII.GetString(text).Trim() switch
    {
        "iptables" => Wire.ProxyMode.Iptables,
        "nftables" => Wire.ProxyMode.Nftables,
        "ipvs" => Wire.ProxyMode.Ipvs,
        _ => Wire.ProxyMode.Unknown,
    };
}
