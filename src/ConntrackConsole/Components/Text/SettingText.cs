using ConntrackConsole.Wire;

namespace ConntrackConsole.Components.Text;

/// <summary>Display text of settings.</summary>
internal static class SettingText
{
    public static readonly (string Name, long Ms)[] RevertAfter = [("1 min", 60_000), ("5 min", 300_000), ("30 min", 1_800_000), ("1 h", 3_600_000), ("4 h", 14_400_000), ("12 h", 43_200_000), ("24 h", 86_400_000)];

    /// <summary>The settings of the catalog, grouped by subject.</summary>
    public static IReadOnlyList<(string Group, IReadOnlyList<SettingKind> Kinds)> Groups { get; } =
        [.. SettingCatalog.All.GroupBy(Group).Select(group => (group.Key, (IReadOnlyList<SettingKind>)[.. group]))];

    /// <summary>Without the common prefix.</summary>
    public static string Short(string key) => key.StartsWith("net.netfilter.", StringComparison.Ordinal) ? key["net.netfilter.".Length..] : key;

    /// <summary>"1 to 86400 seconds", "0 or 1".</summary>
    public static string Range(SettingKind kind)
    {
        ArgumentNullException.ThrowIfNull(kind);
        return kind.Values.Count > 0 ? string.Join(" or ", kind.Values) : $"{kind.Min} to {kind.Max} {kind.Unit}".TrimEnd();
    }

    /// <summary>Where to persist a value, with the value filled in.</summary>
    public static string Persist(string key, string value) => SettingCatalog.Find(key) is { } kind
        ? kind.HowToPersist.Replace("{key}", kind.Key, StringComparison.Ordinal).Replace("{value}", value, StringComparison.Ordinal)
        : "";

    private static string Group(SettingKind kind) => kind switch
    {
        { Carrier: SettingCarrier.Filter } => "Filter",
        { Carrier: SettingCarrier.Ipvs } => "IPVS timeouts",
        { Key: SettingCatalog.Max } => "Table",
        { Key: var key } when key.Contains("_timeout_", StringComparison.Ordinal) => "Timeouts",
        { Key: var key } when key.Contains("_tcp_", StringComparison.Ordinal) => "TCP tracking",
        _ => "Tracking data",
    };
}
