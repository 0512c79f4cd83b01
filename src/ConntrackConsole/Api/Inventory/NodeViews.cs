using ConntrackConsole.Api.Query;
using ConntrackConsole.Inventory;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Api.Inventory;

/// <summary>A page of nodes, by name.</summary>
/// <param name="At">When they were as they are here.</param>
/// <param name="Continue">Pass it as ?continue= for the next page; null on the last page.</param>
internal sealed record NodePage(IReadOnlyList<NodeItem> Items, string At, string? Continue);

/// <summary>A node, as far as it is known. What a collector last reported is no current value: it is null while the collector does not report.</summary>
/// <param name="InCluster">The cluster has a Node object of this name.</param>
/// <param name="Ready">The Ready condition of the Node object; null if it has none.</param>
/// <param name="Collector">reporting, silent (connected, no frames), disconnected or never.</param>
/// <param name="LastReport">Null if no collector has ever reported.</param>
/// <param name="Differences">How many settings differ from those of the other nodes.</param>
/// <param name="ClockOffsetMs">The console's clock minus the node's; null = not measured.</param>
/// <param name="Gaps">Of this moment.</param>
internal sealed record NodeItem(
    string Name, bool InCluster, bool? Ready, string Collector, string? LastReport, string? Version, IReadOnlyList<Capability> Capabilities, TableView? Table,
    KubeProxyView KubeProxy, IReadOnlyList<NodeSettingView> Settings, int? Differences, int? ClockOffsetMs, IReadOnlyList<NodeGapView> Gaps)
{
    public static NodeItem Of(NodeSummary node)
    {
        ArgumentNullException.ThrowIfNull(node);
        bool isCurrent = node.IsCurrent;
        return new NodeItem(
            node.Name, node.Info is not null, node.Info?.Reachable, ResetKindName.Camel(node.Collector), ApiTime.Text(node.HeardMs), node.Version, node.Capabilities,
            isCurrent && node.Table is { } table ? new TableView(table.Entries, table.Max, Math.Round(table.Percent, 2)) : null,
            KubeProxyView.Of(node.Proxy), [.. isCurrent ? node.Settings.Select(NodeSettingView.Of) : []], node.Differences, isCurrent ? node.ClockOffsetMs : null, [.. node.Gaps.Select(NodeGapView.Of)]);
    }
}

/// <summary>The conntrack table.</summary>
internal sealed record TableView(uint Entries, uint Max, double Percent);

/// <summary>The node's kube-proxy.</summary>
/// <param name="Mode">iptables, nftables or ipvs; null if it is not known.</param>
/// <param name="LastSync">By the node's clock; null if it is not known.</param>
/// <param name="Unknown">Why it is not known; null if it is.</param>
/// <param name="UnknownCode">Stable code of that reason.</param>
internal sealed record KubeProxyView(string? Mode, string? LastSync, string? Unknown, string? UnknownCode)
{
    public static KubeProxyView Of(ProxySummary proxy)
    {
        ArgumentNullException.ThrowIfNull(proxy);
        bool isKnown = proxy.Unknown is null;
        return new KubeProxyView(isKnown ? proxy.Mode : null, isKnown ? ApiTime.Text(proxy.LastSyncMs) : null, proxy.Unknown, proxy.UnknownCode);
    }
}

/// <summary>A sysctl.</summary>
/// <param name="Value">Null if the node's kernel does not have it.</param>
/// <param name="Majority">The value of more than half of the nodes that report; null if no value has that many.</param>
/// <param name="Differs">It is not the value of most nodes, or no value has most of them.</param>
internal sealed record NodeSettingView(string Name, string? Value, string? Majority, bool Differs)
{
    public static NodeSettingView Of(SettingSummary setting)
    {
        ArgumentNullException.ThrowIfNull(setting);
        return new NodeSettingView(setting.Name, setting.Value, setting.Values.Majority, setting.Differs);
    }
}

/// <summary>An interval for which data is missing or incomplete.</summary>
/// <param name="Node">Null for the console's own gaps.</param>
/// <param name="Code">Stable code of the reason.</param>
internal sealed record NodeGapView(string? Node, string Code, string From, string To, string Text)
{
    public static NodeGapView Of(GapSpan gap)
    {
        ArgumentNullException.ThrowIfNull(gap);
        return new NodeGapView(gap.Node, gap.Kind.Code(), ApiTime.Text(gap.FromMs), ApiTime.Text(gap.ToMs), gap.Text);
    }
}
