using ConntrackConsole.Checks.Model;
using ConntrackConsole.Nodes;

namespace ConntrackConsole.Checks.Node;

/// <summary>nf_conntrack_tcp_be_liberal, compared with the other nodes. Whether 0 does harm is checked by <see cref="InvalidProtection"/>.</summary>
internal static class BeLiberal
{
    public static readonly CheckName Name = new("be-liberal", CheckCodes.BeLiberal, "tcp_be_liberal");

    public static CheckResult Of(CheckContext context, NodeCheckContext node)
    {
        if (node.MissingData(context, Name) is { } unknown)
            return unknown;
        string threshold = context.MajorityBeLiberal is { } majority ? $"{majority} as on most nodes" : "";
        var result = node.Setting(NodeMetrics.BeLiberal) is not { } setting
            ? node.InsufficientData(Name, UnknownCodes.SettingUnknown, "The node does not report this setting: check that nf_conntrack is loaded.", threshold: threshold)
            : setting.Value is not ("0" or "1")
            ? node.InsufficientData(Name, UnknownCodes.SettingInvalid, "The value is neither 0 nor 1.", setting.Value, threshold)
            : setting.Value != context.MajorityBeLiberal
            ? node.Result(Name, CheckState.Warning, setting.Value, threshold, "Differs from most nodes: check for a manual change, or for a different conntrack.tcpBeLiberal of kube-proxy on this node.")
            : node.Result(Name, CheckState.Ok, setting.Value, threshold, setting.Value == "1"
                ? "Segments outside the window are translated, not INVALID; a stray reset outside the window can then end the entry of an idle connection."
                : "Segments outside the window are INVALID and not translated back: see INVALID protection.");
        return result with { SinceMs = node.Setting(NodeMetrics.BeLiberal)?.ChangedMs, Commands = [Shell.Sysctl(NodeMetrics.BeLiberal)] };
    }
}
