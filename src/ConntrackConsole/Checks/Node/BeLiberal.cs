
using ConntrackConsole.Checks.Service;
using ConntrackConsole.Nodes;

namespace ConntrackConsole.Checks.Node;

/// <summary>nf_conntrack_tcp_be_liberal, compared with the other nodes. Whether 0 does harm is checked by <see cref="InvalidProtection"/>.</summary>
internal static class BeLiberal
{
    public static readonly CheckName Name = new("be-liberal", CheckCodes.BeLiberal, "tcp_be_liberal");

    public static CheckResult Of(CheckContext world, NodeCheckContext node)
    {
        if (node.Untold(world, Name) is { } untold)
            return untold;
        string threshold = world.UsualBeLiberal is { } usual ? $"{usual} as on most nodes" : "";
        var result = node.Setting(NodeMetrics.BeLiberal) is not { } setting
            ? node.CannotTell(Name, UnknownCodes.SettingUnknown, "The node does not tell this setting: is nf_conntrack loaded?", threshold: threshold)
            : setting.Value is not ("0" or "1")
            ? node.CannotTell(Name, UnknownCodes.SettingInvalid, "The value is neither 0 nor 1.", setting.Value, threshold)
            : setting.Value != world.UsualBeLiberal
            ? node.Result(Name, CheckState.Warning, setting.Value, threshold, "Not what most nodes have: was it changed by hand, or is kube-proxy's conntrack.tcpBeLiberal different here?")
            : node.Result(Name, CheckState.Ok, setting.Value, threshold, setting.Value == "1"
                ? "Segments beyond the window are translated, not INVALID."
                : "Segments beyond the window are INVALID and not translated back: see INVALID protection.");
        return result with { SinceMs = node.Setting(NodeMetrics.BeLiberal)?.ChangedMs, Commands = [Shell.Sysctl(NodeMetrics.BeLiberal)] };
    }
}
