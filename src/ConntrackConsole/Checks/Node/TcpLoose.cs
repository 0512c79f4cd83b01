using ConntrackConsole.Checks.Model;

namespace ConntrackConsole.Checks.Node;

/// <summary>nf_conntrack_tcp_loose: without it no connection is picked up in mid-stream.</summary>
internal static class TcpLoose
{
    public static readonly CheckName Name = new("tcp-loose", CheckCodes.TcpLoose, "tcp_loose");

    private const string Key = "net.netfilter.nf_conntrack_tcp_loose";

    public static CheckResult Of(CheckContext context, NodeCheckContext node)
    {
        if (node.MissingData(context, Name) is { } unknown)
            return unknown;
        var setting = node.Setting(Key);
        // Kernels accept 0 to 255 here; every value except 0 means on.
        var result = setting is not { Value: var value } || !byte.TryParse(value, out byte on)
            ? node.InsufficientData(Name, UnknownCodes.SettingUnknown, "The node does not report this setting: check that nf_conntrack is loaded.", setting?.Value ?? "", "1")
            : on == 0
            ? node.Result(Name, CheckState.Warning, value, "1", "A connection without an entry is never picked up again: after a flush its client hangs until its own timeout, so a flush does not help.")
            : node.Result(Name, CheckState.Ok, value, "1", "After a flush, a client's next segment is picked up and fails fast.");
        return result with { SinceMs = setting?.ChangedMs, Commands = [Shell.Sysctl(Key)] };
    }
}
