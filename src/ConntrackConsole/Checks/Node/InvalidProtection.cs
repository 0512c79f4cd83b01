using System.Globalization;
using ConntrackConsole.Checks.Model;
using ConntrackConsole.Nodes;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Checks.Node;

/// <summary>
/// Does anything keep INVALID segments from reaching clients un-NATed? kube-proxy in iptables mode installs its drop rule only if
/// be_liberal was 0 when it started: if it started under 1 and be_liberal was changed to 0 later, neither protects. Other modes
/// have no rule.
/// </summary>
internal static class InvalidProtection
{
    public static readonly CheckName Name = new("invalid-protection", CheckCodes.InvalidProtection, "INVALID protection");

    private const string Threshold = "drop rule or be_liberal";

    public static CheckResult Of(CheckContext context, NodeCheckContext node)
    {
        if (node.MissingData(context, Name) is { } silent)
            return silent;
        if (node.Setting(NodeMetrics.BeLiberal) is not { Value: "0" or "1" } setting)
            return node.InsufficientData(Name, UnknownCodes.SettingUnknown, "The node does not report net.netfilter.nf_conntrack_tcp_be_liberal: check that nf_conntrack is loaded.", threshold: Threshold);
        if (setting.Value == "1")
        {
            return node.Result(Name, CheckState.Ok, "be_liberal=1", Threshold, "Segments outside the window are translated like all others.") with
            {
                SinceMs = setting.ChangedMs, Commands = [Shell.Sysctl(NodeMetrics.BeLiberal)],
            };
        }

        if (node.MissingProxyData(context, Name) is { } unknown)
            return unknown with { Threshold = Threshold };
        var proxy = node.Facts!.Proxy!;
        var (state, code, value, sentence) = Classify(node.Facts, proxy);
        var result = code is null ? node.Result(Name, state, value, Threshold, sentence) : node.InsufficientData(Name, code, sentence, value, Threshold);
        return result with
        {
            ReadMs = proxy.HeardMs, SinceMs = state == CheckState.Warning ? setting.ChangedMs : null,
            Commands = [Shell.Sysctl(NodeMetrics.BeLiberal), Rule(proxy.Reading.Mode)],
        };
    }

    private static (CheckState State, string? Code, string Value, string Sentence) Classify(NodeFacts facts, ProxyFacts proxy)
    {
        const string advice = "a segment outside the window reaches the client un-NATed and resets the connection. Set nf_conntrack_tcp_be_liberal=1 (conntrack.tcpBeLiberal in kube-proxy's configuration persists it); the price is that a stray reset outside the window can then end the entry of an idle connection.";
        switch (proxy.Reading.Mode)
        {
            case ProxyMode.Nftables or ProxyMode.Ipvs:
                string mode = proxy.Reading.Mode == ProxyMode.Ipvs ? "ipvs" : "nftables";
                return (CheckState.Warning, null, "neither", $"kube-proxy in {mode} mode has no rule that drops INVALID segments, and be_liberal is 0: {advice}");
            case ProxyMode.Unknown:
                return (CheckState.InsufficientData, UnknownCodes.ProxyModeUnknown, "be_liberal=0", "be_liberal is 0, and kube-proxy does not expose its mode: whether a rule drops INVALID segments is unknown.");
        }

        if (proxy.Reading.InvalidDropped > 0)
            return (CheckState.Ok, null, "drop rule", string.Create(CultureInfo.InvariantCulture, $"kube-proxy's rule has dropped {proxy.Reading.InvalidDropped:0} INVALID packets since it was installed."));
        if (double.IsNaN(proxy.Reading.ProcessStart))
            return (CheckState.InsufficientData, UnknownCodes.ProxyStartUnknown, "be_liberal=0", "kube-proxy does not expose its start time, so it is unknown whether it installed its drop rule: it does so only if be_liberal is 0 at its start.");
        return At(facts, proxy.Reading.ProcessStart * 1000) switch
        {
            "0" => (CheckState.Ok, null, "drop rule", "be_liberal was 0 when kube-proxy started: it installed its rule in KUBE-FORWARD."),
            "1" => (CheckState.Warning, null, "neither", $"kube-proxy started while be_liberal was 1, so without its drop rule, and be_liberal is 0 now: {advice} Restarting kube-proxy restores the rule."),
            _ => (CheckState.InsufficientData, UnknownCodes.SettingHistoryUnknown, "be_liberal=0", "The value of be_liberal when kube-proxy started is unknown, so it is unknown whether its drop rule exists: check with the command."),
        };
    }

    // The value at a moment; null for a moment before the first known value.
    private static string? At(NodeFacts facts, double atMs)
    {
        string? value = null;
        foreach (var (sinceMs, reported) in facts.BeLiberal)
        {
            if (sinceMs > atMs)
                break;
            value = reported;
        }

        return value;
    }

    private static string Rule(ProxyMode mode) => mode switch
    {
        ProxyMode.Nftables => "nft list table ip kube-proxy",
        ProxyMode.Ipvs => "ipvsadm -Ln",
        ProxyMode.Iptables => "iptables -S KUBE-FORWARD | grep INVALID",
        _ => Shell.ProxyMode,
    };
}
