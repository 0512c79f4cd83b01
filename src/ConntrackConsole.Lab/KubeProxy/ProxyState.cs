using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace ConntrackConsole.Lab.KubeProxy;

/// <summary>A kube-proxy's own metrics: the real numbers of our syncs under kube-proxy's names.</summary>
internal sealed class ProxyState
{
    private static readonly double[] DurationBuckets = [0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.024, 2.048, 4.096];
    private static readonly double[] ProgrammingBuckets = [0.25, 0.5, 1, 2, 3, 4, 5, 10, 20, 30, 60];

    private readonly Lock _lock = new();
    private readonly Histogram _durations = new(DurationBuckets);
    private readonly Histogram _programming = new(ProgrammingBuckets);
    private readonly DateTimeOffset _started = DateTimeOffset.UtcNow;
    private DateTimeOffset _lastSync, _lastQueued;
    private int _serviceChanges, _endpointChanges, _endpointsPending, _failures;

    /// <summary>Reads the counter of the rule that drops INVALID packets; null without such a rule, as in nftables mode.</summary>
    public Func<long?>? InvalidDropped { get; set; }

    public void ServiceChanges(int count)
    {
        lock (_lock)
            _serviceChanges += count;
    }

    public void Queued(int changes, DateTimeOffset at)
    {
        lock (_lock)
        {
            _endpointChanges += changes;
            _endpointsPending += changes;
            _lastQueued = at;
        }
    }

    public void SyncFailed()
    {
        lock (_lock)
            _failures++;
    }

    /// <param name="took">Duration of the sync.</param>
    /// <param name="sinceChange">Time since the first change that it applies; null for the first sync.</param>
    public void Synced(TimeSpan took, TimeSpan? sinceChange)
    {
        lock (_lock)
        {
            _durations.Add(took.TotalSeconds);
            if (sinceChange is { } programmed)
                _programming.Add(programmed.TotalSeconds);
            _endpointsPending = 0;
            _lastSync = DateTimeOffset.UtcNow;
            if (_lastQueued == default)
                _lastQueued = _lastSync;
        }
    }

    /// <summary>The text of /metrics.</summary>
    public string Metrics()
    {
        var text = new StringBuilder();
        lock (_lock)
        {
            _programming.Write(text, "kubeproxy_network_programming_duration_seconds", "In Cluster Network Programming Latency in seconds");
            _durations.Write(text, "kubeproxy_sync_proxy_rules_duration_seconds", "SyncProxyRules latency in seconds");
            Write("endpoint_changes_pending", "gauge", "Pending proxy rules Endpoint changes", _endpointsPending, "");
            Write("endpoint_changes_total", "counter", "Cumulative proxy rules Endpoint changes", _endpointChanges, "");
            Write("last_queued_timestamp_seconds", "gauge", "The last time a sync of proxy rules was queued", Seconds(_lastQueued));
            Write("last_timestamp_seconds", "gauge", "The last time proxy rules were successfully synced", Seconds(_lastSync));
            Write("nftables_sync_failures_total", "counter", "Cumulative proxy nftables sync failures", _failures);
            Write("no_local_endpoints_total", "gauge", "Number of services with a Local traffic policy and no endpoints", 0,
                "{ip_family=\"IPv4\",traffic_policy=\"internal\"}");
            Write("service_changes_pending", "gauge", "Pending proxy rules Service changes", 0, "");
            Write("service_changes_total", "counter", "Cumulative proxy rules Service changes", _serviceChanges, "");
            if (InvalidDropped?.Invoke() is { } dropped)
            {
                const string Name = "kubeproxy_iptables_ct_state_invalid_dropped_packets_total";
                text.Append(CultureInfo.InvariantCulture, $"# HELP {Name} [ALPHA] packets dropped by iptables to work around conntrack problems\n# TYPE {Name} counter\n{Name} {dropped}\n");
            }

            text.Append("# HELP process_start_time_seconds Start time of the process since unix epoch in seconds.\n")
                .Append("# TYPE process_start_time_seconds gauge\n")
                .Append(CultureInfo.InvariantCulture, $"process_start_time_seconds {Seconds(_started)}\n");
        }

        return text.ToString();

        void Write(string name, string type, string help, double value, string labels = "{ip_family=\"IPv4\"}") => text
            .Append(CultureInfo.InvariantCulture, $"# HELP kubeproxy_sync_proxy_rules_{name} [ALPHA] {help}\n")
            .Append(CultureInfo.InvariantCulture, $"# TYPE kubeproxy_sync_proxy_rules_{name} {type}\n")
            .Append(CultureInfo.InvariantCulture, $"kubeproxy_sync_proxy_rules_{name}{labels} {value}\n");
    }

    /// <summary>The document of /healthz and /livez.</summary>
    public JsonObject Health()
    {
        lock (_lock)
        {
            string now = DateTime.UtcNow.ToString("O", CultureInfo.InvariantCulture);
            return new JsonObject
            {
                ["lastUpdated"] = now,
                ["currentTime"] = now,
                ["nodeEligible"] = true,
                ["healthy"] = true,
                ["status"] = new JsonObject
                {
                    ["IPv4"] = new JsonObject
                    {
                        ["lastUpdated"] = _lastSync.UtcDateTime.ToString("O", CultureInfo.InvariantCulture),
                        ["healthy"] = true,
                    },
                },
            };
        }
    }

    private static double Seconds(DateTimeOffset time) => time.ToUnixTimeMilliseconds() / 1000.0;

    private sealed class Histogram(double[] buckets)
    {
        private readonly int[] _counts = new int[buckets.Length + 1];
        private double _sum;

        public void Add(double value)
        {
            int at = Array.FindIndex(buckets, bound => value <= bound);
            _counts[at < 0 ? buckets.Length : at]++;
            _sum += value;
        }

        public void Write(StringBuilder text, string name, string help)
        {
            text.Append(CultureInfo.InvariantCulture, $"# HELP {name} [ALPHA] {help}\n# TYPE {name} histogram\n");
            int total = 0;
            for (int i = 0; i <= buckets.Length; i++)
            {
                total += _counts[i];
                string bound = i < buckets.Length ? buckets[i].ToString(CultureInfo.InvariantCulture) : "+Inf";
                text.Append(CultureInfo.InvariantCulture, $"{name}_bucket{{ip_family=\"IPv4\",le=\"{bound}\"}} {total}\n");
            }

            text.Append(CultureInfo.InvariantCulture, $"{name}_sum{{ip_family=\"IPv4\"}} {_sum}\n{name}_count{{ip_family=\"IPv4\"}} {total}\n");
        }
    }
}
