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
    private const string Liberal = Prefix + "be_liberal", Loose = Prefix + "loose", Unacknowledged = Prefix + "timeout_unacknowledged", Established = Prefix + "timeout_established";

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
            BeLiberal = Same(Liberal) is { } liberal ? liberal != 0 : null,
            Loose = Same(Loose) is { } loose ? loose != 0 : null,
            UnacknowledgedSeconds = Same(Unacknowledged),
            EstablishedSeconds = Same(Established),
            ProxyMode = modes.Length == 1 ? modes[0] : ProxyMode.Unknown,
            KernelRelease = kernels.Length == 1 ? kernels[0] : null,
        };

        long? Same(string name)
        {
            long? same = null;
            bool isFirst = true;
            foreach (var node in nodes)
            {
                long? value = Value(window, node.Head.Name, name);
                if (!isFirst && value != same)
                    return null;
                (same, isFirst) = (value, false);
            }

            return same;
        }
    }

    private static long? Value(FindingWindow window, string node, string name)
    {
        // The first change after the window shows the value before it.
        Timeline.Model.ReportedSetting? later = null, earlier = null;
        foreach (var change in window.SettingChanges)
        {
            if (change.Node != node || change.Name != name)
                continue;
            if (change.AtMs <= window.ToMs)
                earlier = change.AtMs > (earlier?.AtMs ?? long.MinValue) ? change : earlier;
            else
                later = change.AtMs < (later?.AtMs ?? long.MaxValue) ? change : later;
        }

        string? text = later?.Before ?? (window.SettingsOf(node) is { } now && now.TryGetValue(name, out var setting) ? setting.Value : earlier?.After);
        return long.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out long value) ? value : null;
    }
}
