
using ConntrackConsole.Checks.Service;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Checks.Node;

/// <summary>The Service proxy mode of this node, or that conntrack is bypassed.</summary>
internal static class ProxyModes
{
    public static readonly CheckName Name = new("proxy-mode", CheckCodes.ProxyModes, "Proxy mode");

    public static CheckResult Of(CheckContext world, NodeCheckContext node)
    {
        if (node.Untold(world, Name) is { } untold)
            return untold;
        if (node.Bypasses)
        {
            return node.Result(Name, CheckState.NotApplicable, "bypassed", "",
                "No kube-proxy answers here and no entry names a Service, though Services have backends: something else carries them (Cilium's kube-proxy replacement, socket load balancing, NOTRACK), and what conntrack tells of Services does not apply.") with
            {
                Commands = [Shell.ProxyMode, "conntrack -L -o extended | head"],
            };
        }

        if (node.ProxyUntold(world, Name) is { } silent)
            return node.Facts!.HasVipEntries ? silent with { Value = "Services are translated" } : silent;
        var proxy = node.Facts!.Proxy!;
        string usual = Text(world.UsualMode), mode = Text(proxy.Reading.Mode);
        string threshold = world.UsualMode == ProxyMode.Unknown ? "" : $"{usual} as on most nodes";
        var result = proxy.Reading.Mode == ProxyMode.Unknown
            ? node.CannotTell(Name, UnknownCodes.ProxyModeUnknown, "kube-proxy answers, but does not tell its mode.", threshold: threshold)
            : proxy.Reading.Mode != world.UsualMode
            ? node.Result(Name, CheckState.Warning, mode, threshold, $"Most nodes run {usual}. Rules of the former mode can be left over after a change: restart the node, or run kube-proxy --cleanup once.")
            : node.Result(Name, CheckState.Ok, mode, threshold, proxy.Reading.Mode switch
            {
                ProxyMode.Ipvs => "IPVS keeps connections in a table of its own: a flush of conntrack alone is not enough there.",
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
