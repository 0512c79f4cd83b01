using System.Globalization;
using ConntrackConsole.Diagnosis.Facts;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Findings;

/// <summary>
/// The settings of nodes as of the end of a window: frames contain changes only, so the present values are taken from the collectors'
/// introductions, and what was changed after the window is taken back.
/// </summary>
internal static class SettingReader
{
    private const string Prefix = "net.netfilter.nf_conntrack_tcp_";

    public static Source<SettingEvidence> Read(FindingWindow window, IReadOnlyCollection<NodeRecord> nodes)
    {
        if (nodes.Count == 0)
            return Source<SettingEvidence>.Missing("no node has entries of it");
        if (nodes.FirstOrDefault(node => window.SettingsOf(node.Head.Name) is not { Count: > 0 } && !window.SettingChanges.Any(change => change.Node == node.Head.Name)) is { } unknown)
            return Source<SettingEvidence>.Missing($"the collector of {unknown.Head.Name} has not reported its settings since the console started");
        ProxyMode[] modes = [.. nodes.Select(node => node.Facts.Proxy?.Reading.Mode ?? ProxyMode.Unknown).Distinct()];
        string?[] kernels = [.. nodes.Select(node => window.HelloOf(node.Head.Name)?.Kernel).Distinct()];
        return new SettingEvidence
        {
            BeLiberal = Same("be_liberal") is { } liberal ? liberal != 0 : null,
            Loose = Same("loose") is { } loose ? loose != 0 : null,
            UnacknowledgedSeconds = Same("timeout_unacknowledged"),
            EstablishedSeconds = Same("timeout_established"),
            ProxyMode = modes.Length == 1 ? modes[0] : ProxyMode.Unknown,
            KernelRelease = kernels.Length == 1 ? kernels[0] : null,
        };

        long? Same(string name)
        {
            long?[] values = [.. nodes.Select(node => Value(window, node.Head.Name, Prefix + name)).Distinct()];
            return values.Length == 1 ? values[0] : null;
        }
    }

    private static long? Value(FindingWindow window, string node, string name)
    {
        // The first change after the window shows the value before it.
        var later = window.SettingChanges.Where(change => change.Node == node && change.Name == name && change.AtMs > window.ToMs).MinBy(change => change.AtMs);
        var earlier = window.SettingChanges.Where(change => change.Node == node && change.Name == name && change.AtMs <= window.ToMs).MaxBy(change => change.AtMs);
        string? text = later?.Before ?? (window.SettingsOf(node) is { } now && now.TryGetValue(name, out var setting) ? setting.Value : earlier?.After);
        return long.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out long value) ? value : null;
    }
}
