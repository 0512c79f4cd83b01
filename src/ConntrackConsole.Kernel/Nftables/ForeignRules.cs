
using ConntrackConsole.Kernel.Netlink;

namespace ConntrackConsole.Kernel.Nftables;

/// <summary>Whether somebody else's rule is there.</summary>
public enum RulePresence
{
    /// <summary>It cannot be said.</summary>
    Unknown,
    /// <summary>It is not there.</summary>
    Absent,
    /// <summary>It is there.</summary>
    Present,
}

/// <summary>What was found of somebody else's rule.</summary>
/// <param name="Presence">Whether it is there.</param>
/// <param name="Reason">A sentence: what was found, or why nothing can be said and what to do.</param>
public readonly record struct ForeignRule(RulePresence Presence, string Reason);

/// <summary>Rules of other programs that decide what becomes of an INVALID packet. They are read, never changed.</summary>
public static class ForeignRules
{
    private const string FilterTable = "filter", KubeForward = "KUBE-FORWARD";

    /// <summary>
    /// kube-proxy's rule that drops INVALID packets on their way through the node (-A KUBE-FORWARD -m conntrack --ctstate
    /// INVALID -j DROP). In iptables mode it makes the rule only if nf_conntrack_tcp_be_liberal was 0 when it started; in
    /// other modes never.
    /// </summary>
    /// <param name="family"><see cref="NftFamily.Ipv4"/> or <see cref="NftFamily.Ipv6"/>; iptables has no other.</param>
    /// <param name="proc">Usually /proc.</param>
    /// <remarks>Of the calling thread's namespace. Never throws for what the kernel says: that is <see cref="RulePresence.Unknown"/>.</remarks>
    public static ForeignRule ProxyDropsInvalid(NftFamily family, string proc = "/proc")
    {
        if (family is not (NftFamily.Ipv4 or NftFamily.Ipv6))
            throw new ArgumentOutOfRangeException(nameof(family), family, "iptables has rules for IPv4 and for IPv6.");
        try
        {
            var error = NftDump.TryRules(family, FilterTable, KubeForward, out var rules);
            if (error is not (Errno.Ok or Errno.ENOENT))
                return Unreadable(error);
            if (error == Errno.Ok && rules.Exists(static rule => InvalidDrop.IsIn(rule)))
                return new ForeignRule(RulePresence.Present, $"The chain {KubeForward} drops INVALID packets.");
        }
        catch (NetlinkException failure)
        {
            return new ForeignRule(RulePresence.Unknown, failure.Message);
        }

        return LegacyIptables(family, proc)
            ?? new ForeignRule(RulePresence.Absent, $"No rule of the chain {KubeForward} drops INVALID packets.");
    }

    private static ForeignRule Unreadable(Errno error) => new(RulePresence.Unknown, error == Errno.EPERM
        ? $"The rules of {KubeForward} may not be read: CAP_NET_ADMIN is missing. Run as root or give the capability."
        : $"The rules of {KubeForward} cannot be read: {error.Describe()}. Look with iptables -S {KubeForward}.");

    // iptables-legacy keeps its rules in its own place, which nftables does not show.
    private static ForeignRule? LegacyIptables(NftFamily family, string proc)
    {
        string program = family == NftFamily.Ipv4 ? "iptables-legacy" : "ip6tables-legacy";
        string file = $"{proc}/thread-self/net/{(family == NftFamily.Ipv4 ? "ip" : "ip6")}_tables_names";
        try
        {
            return File.ReadLines(file).Contains(FilterTable)
                ? new ForeignRule(RulePresence.Unknown,
                    $"This node has rules of {program}, which this program cannot read. Look with {program} -S {KubeForward}.")
                : null;
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new ForeignRule(RulePresence.Unknown,
                $"{file} cannot be read, so this node may have rules of {program}. Run as root, or look with {program} -S {KubeForward}.");
        }
    }
}
