using ConntrackConsole.Checks.Model;
using ConntrackConsole.Checks.Node;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Inventory;

/// <summary>Joins what the collectors report with the nodes of the cluster.</summary>
internal sealed class NodeSummaryBuilder(CheckContext context, TimelineQueryExecutor reading, ClusterMap map)
{
    // A frame arrives about a second late, and a gap ends when the next one arrives.
    private const long GapsMs = 10_000;

    public IReadOnlyList<NodeSummary> Build()
    {
        var health = reading.Health().ToDictionary(node => node.Node, StringComparer.Ordinal);
        var gaps = reading.Gaps(new TimelineQuery(reading.NowMs - GapsMs, reading.NowMs, 1)).Where(gap => gap.Node is not null).ToLookup(gap => gap.Node!, StringComparer.Ordinal);
        var checks = context.Nodes.ToDictionary(node => node.Name, StringComparer.Ordinal);
        var values = Values([.. checks.Values.Where(node => health.GetValueOrDefault(node.Name)?.Reports(reading.NowMs) == true && node.Facts is { Settings.Count: > 0 })]);
        return
        [
            .. health.Keys.Union(map.Nodes.Keys).Union(checks.Keys).Order(StringComparer.Ordinal)
                .Select(name => Build(name, health.GetValueOrDefault(name), checks.GetValueOrDefault(name), values) with { Gaps = [.. gaps[name]] }),
        ];
    }

    private NodeSummary Build(string name, NodeHealth? health, NodeCheckContext? check, IReadOnlyDictionary<string, SettingValueCounts> values)
    {
        var state = health is not { LastFrameMs: > 0 } ? CollectorState.Never
            : health.Reports(reading.NowMs) ? CollectorState.Reporting
            : health.Connected ? CollectorState.Silent : CollectorState.Disconnected;
        return new NodeSummary(name, state, state == CollectorState.Never ? null : health!.LastFrameMs)
        {
            Info = map.Nodes.GetValueOrDefault(name),
            Version = health?.Version is { Length: > 0 } version ? version : null,
            Capabilities = health?.Capabilities ?? [],
            ClockOffsetMs = health?.ClockOffsetMs,
            Table = health is { Max: > 0 } ? new TableSize(health.Count, health.Max) : null,
            Proxy = Proxy(check),
            Settings = Settings(check, values),
        };
    }

    private ProxySummary Proxy(NodeCheckContext? check)
    {
        if (check is null)
            return ProxySummary.None with { Unknown = "The next round of checks, within two seconds, reads it.", UnknownCode = UnknownCodes.NoProxyReading };
        var missing = check.MissingProxyData(context, ProxyModes.Name);
        if (check.Facts?.Proxy is not { } proxy)
            return new ProxySummary(null, null, missing?.Sentence, missing?.UnknownCode);
        var last = proxy.Reading;
        return new ProxySummary(
            last.Mode == ProxyMode.Unknown ? null : last.Mode.ToString().ToLowerInvariant(), last is { Answers: true, LastSync: > 0 } ? (long)Math.Min(last.LastSync * 1000, last.AtMs) : null,
            missing?.Sentence, missing?.UnknownCode)
        {
            ReadMs = proxy.HeardMs, Reading = last, PendingSinceMs = proxy.PendingSinceMs,
        };
    }

    private static List<SettingSummary> Settings(NodeCheckContext? check, IReadOnlyDictionary<string, SettingValueCounts> values)
    {
        if (check?.Facts is not { Settings: { Count: > 0 } settings })
            return [];
        var own = settings.Where(setting => IsSetting(setting.Key)).ToDictionary(setting => setting.Key, setting => setting.Value, StringComparer.Ordinal);
        return
        [
            .. own.Keys.Union(values.Keys).Order(StringComparer.Ordinal).Select(name => own.TryGetValue(name, out var setting)
                ? new SettingSummary(name, setting.Value, setting.ChangedMs, values.GetValueOrDefault(name) ?? new SettingValueCounts(setting.Value, true, []))
                : new SettingSummary(name, null, null, values[name])),
        ];
    }

    // Collectors report the fill of the table beside its settings.
    private static bool IsSetting(string name) => name != "net.netfilter.nf_conntrack_count";

    private static Dictionary<string, SettingValueCounts> Values(IReadOnlyList<NodeCheckContext> nodes)
    {
        var names = nodes.SelectMany(node => node.Facts!.Settings.Keys).Where(IsSetting).ToHashSet(StringComparer.Ordinal);
        return names.ToDictionary(name => name, name =>
        {
            List<(string? Value, int Nodes)> counts =
            [
                .. from node in nodes
                   group node by node.Setting(name)?.Value into same
                   orderby same.Count() descending, same.Key
                   select (same.Key, same.Count()),
            ];
            bool hasMajority = 2 * counts[0].Nodes > nodes.Count;
            return new SettingValueCounts(hasMajority ? counts[0].Value : null, hasMajority, counts);
        }, StringComparer.Ordinal);
    }
}
