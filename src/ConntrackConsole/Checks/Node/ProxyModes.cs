using ConntrackConsole.Checks.Model;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Checks.Node;

/// <summary>The Service proxy mode of this node, or that conntrack is bypassed.</summary>
internal static class ProxyModes
{
    public static readonly CheckName Name = new("proxy-mode", CheckCodes.ProxyModes, "Proxy mode");

    public static CheckResult Of(CheckContext context, NodeCheckContext node)
    {
        if (node.MissingData(context, Name) is { } unknown)
            return unknown;
        if (node.Bypasses)
        {
            return node.Result(Name, CheckState.NotApplicable, "bypassed", "",
                "No kube-proxy responds here and no entry refers to a Service, although Services have backends: something else handles them (Cilium's kube-proxy replacement, socket load balancing, NOTRACK), so conntrack contains no data about Services.") with
            {
                Commands = [Shell.ProxyMode, "conntrack -L -o extended | head"],
            };
        }

        if (node.MissingProxyData(context, Name) is { } silent)
            return node.Facts!.HasVipEntries ? silent with { Value = "Services are translated" } : silent;
        var proxy = node.Facts!.Proxy!;
        string majority = Text(context.MajorityMode), mode = Text(proxy.Reading.Mode);
        string threshold = context.MajorityMode == ProxyMode.Unknown ? "" : $"{majority} as on most nodes";
        var result = proxy.Reading.Mode == ProxyMode.Unknown
            ? node.InsufficientData(Name, UnknownCodes.ProxyModeUnknown, "kube-proxy responds, but does not expose its mode.", threshold: threshold)
            : context.MajorityMode == ProxyMode.Unknown
            ? node.Result(Name, CheckState.Warning, mode, "the same on all nodes", $"The nodes run different modes, and none of them runs on most nodes; this one runs {mode}. Rules of the former mode can remain after a change: restart the node, or run kube-proxy --cleanup once.")
            : proxy.Reading.Mode != context.MajorityMode
            ? node.Result(Name, CheckState.Warning, mode, threshold, $"Most nodes run {majority}. Rules of the former mode can remain after a change: restart the node, or run kube-proxy --cleanup once.")
            : node.Result(Name, CheckState.Ok, mode, threshold, proxy.Reading.Mode switch
            {
                ProxyMode.Ipvs => "IPVS keeps connections in its own table: flushing conntrack alone is not enough.",
                ProxyMode.Nftables => "This mode has no rule that drops INVALID segments: be_liberal is the only protection.",
                _ => "This mode drops INVALID segments by a rule, if be_liberal was 0 when it started.",
            });
        return result with { ReadMs = proxy.HeardMs, Commands = [Shell.ProxyMode, Rules(proxy.Reading.Mode)] };
    }

    private static string Rules(ProxyMode mode) => mode switch
    {
        ProxyMode.Nftables => "nft list table ip kube-proxy | head -50",
        ProxyMode.Ipvs => "ipvsadm -Lcn",
        _ => "iptables -t nat -S KUBE-SERVICES | head -50",
    };

    private static string Text(ProxyMode mode) => mode switch
    {
        ProxyMode.Iptables => "iptables",
        ProxyMode.Nftables => "nftables",
        ProxyMode.Ipvs => "ipvs",
        _ => "unknown",
    };
}
