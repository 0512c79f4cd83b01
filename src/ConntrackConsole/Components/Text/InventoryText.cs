using System.Globalization;
using ConntrackConsole.Inventory;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Components.Text;

/// <summary>Names and sentences of nodes and Services.</summary>
internal static class InventoryText
{
    public static string Name(CollectorState state) => state switch
    {
        CollectorState.Reporting => "connected",
        CollectorState.Silent => "connected, no data",
        CollectorState.Disconnected => "no data",
        _ => "never connected",
    };

    /// <summary>Empty if everything is current.</summary>
    public static string Age(InventorySnapshot current)
    {
        ArgumentNullException.ThrowIfNull(current);
        return current.IsOld ? $"Settings, kube-proxy, endpoints and stale entries were last evaluated {DisplayText.Ago(current.NowMs - current.CheckedMs)}: see the console's log." : "";
    }

    /// <summary>Such as "1,234 of 262,144 (0.5 %)".</summary>
    public static string Table(TableSize table) => string.Create(CultureInfo.InvariantCulture, $"{table.Entries:N0} of {table.Max:N0} ({table.Percent:0.#} %)");

    public static string Capabilities(IReadOnlyList<Capability> capabilities)
    {
        ArgumentNullException.ThrowIfNull(capabilities);
        List<string> missing = [.. capabilities.Where(capability => !capability.Available).Select(capability => capability.Name)];
        return capabilities.Count == 0 ? "not known" : missing.Count == 0 ? $"all {capabilities.Count}" : $"{capabilities.Count - missing.Count} of {capabilities.Count}; missing {TextSummary.List(missing, 2)}";
    }

    /// <summary>Such as "+12 ms": how far the node's clock is ahead of the console's.</summary>
    public static string Clock(int offsetMs) => -offsetMs switch
    {
        0 => "0 ms",
        > 0 and var ahead => $"{DisplayText.Duration(ahead)} ahead",
        var behind => $"{DisplayText.Duration(-behind)} behind",
    };

    /// <summary>The values of the other nodes, such as "1 on 4 nodes, absent on 1".</summary>
    public static string Others(SettingSummary setting)
    {
        ArgumentNullException.ThrowIfNull(setting);
        var others = setting.Values.Counts.Select(count => (count.Value, Nodes: count.Nodes - (count.Value == setting.Value ? 1 : 0))).Where(count => count.Nodes > 0).ToList();
        return others.Count == 0 ? "no other node reports it" : string.Join(", ", others.Select(count => $"{count.Value ?? "absent"} on {DisplayText.Count(count.Nodes, "node")}"));
    }

    /// <summary>A count that may be a part of the whole: never a zero where it is not known.</summary>
    public static string AtLeast(long count, bool isPartial) => (count, isPartial) switch
    {
        (0, true) => "none seen, with gaps",
        (_, true) => $"at least {count:N0}",
        _ => $"{count:N0}",
    };

    /// <summary>Why a Service is where it is in the list.</summary>
    public static string Reason(ServiceSummary service)
    {
        ArgumentNullException.ThrowIfNull(service);
        return service.Rank switch
        {
            ServiceRank.Finding => $"{DisplayText.Count(service.Findings.Count, "open finding")}: {TextSummary.List([.. service.Findings.Select(finding => finding.Finding.Mechanism.Id).Distinct(StringComparer.Ordinal)], 3)}",
            ServiceRank.StaleEntries => Stale(service.Stale!),
            ServiceRank.Resets => $"{DisplayText.Count(service.ResetCount, "reset")} in 5 min",
            ServiceRank.Unknown => "not known",
            _ => "nothing found",
        };
    }

    public static string Stale(StaleCount stale)
    {
        ArgumentNullException.ThrowIfNull(stale);
        var parts = from part in ((long Count, string Name)[])[(stale.Stale, "stale"), (stale.Reassigned, "reassigned"), (stale.Untranslated, "untranslated")]
                    where part.Count > 0
                    select $"{part.Count:N0} {part.Name}";
        return stale.Sum == 0 ? "0" : string.Join(", ", parts);
    }

    public static string Resets(IReadOnlyList<KindCount> kinds)
    {
        ArgumentNullException.ThrowIfNull(kinds);
        return string.Join(", ", kinds.Select(kind => $"{kind.Count:N0} {DisplayText.Name(kind.Kind)}"));
    }

    public static string Endpoints(ServiceSummary service)
    {
        ArgumentNullException.ThrowIfNull(service);
        var more = new List<string>();
        if (service.NotReady > 0)
            more.Add($"{service.NotReady:N0} not ready");
        if (service.Terminating > 0)
            more.Add($"{service.Terminating:N0} terminating");
        return more.Count == 0 ? $"{service.Ready:N0} ready" : $"{service.Ready:N0} ready, {string.Join(", ", more)}";
    }

    /// <summary>The traffic policies, as far as the object has them.</summary>
    public static string Policies(ServiceSummary service)
    {
        ArgumentNullException.ThrowIfNull(service);
        var parts = new List<string>();
        if (service.Info.InternalLocal is { } inner)
            parts.Add($"internal {(inner ? "Local" : "Cluster")}");
        if (service.Info.ExternalLocal is { } outer)
            parts.Add($"external {(outer ? "Local" : "Cluster")}");
        return parts.Count == 0 ? "not in the object" : string.Join(", ", parts);
    }
}
