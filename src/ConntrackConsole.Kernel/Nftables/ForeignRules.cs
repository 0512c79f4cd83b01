using ConntrackConsole.Kernel.Netlink;

namespace ConntrackConsole.Kernel.Nftables;

/// <summary>Whether another program's rule exists.</summary>
internal enum RulePresence
{
    /// <summary>Cannot be determined.</summary>
    Unknown,
    /// <summary>Does not exist.</summary>
    Absent,
    /// <summary>Exists.</summary>
    Present,
}

/// <summary>Result of a check for another program's rule.</summary>
/// <param name="Presence">Whether it exists.</param>
/// <param name="Reason">One sentence: what was found, or why it cannot be determined and what to do.</param>
internal readonly record struct ForeignRule(RulePresence Presence, string Reason);

/// <summary>Rules of other programs that decide what happens to INVALID packets. Read-only.</summary>
internal static class ForeignRules
{
    private const string FilterTable = "filter", KubeForward = "KUBE-FORWARD";

    /// <summary>
    /// kube-proxy's rule that drops forwarded INVALID packets (-A KUBE-FORWARD -m conntrack --ctstate
    /// INVALID -j DROP). In iptables mode it creates the rule only if nf_conntrack_tcp_be_liberal was 0 when it started; in
    /// other modes never.
    /// </summary>
    /// <param name="family"><see cref="NftFamily.Ipv4"/> or <see cref="NftFamily.Ipv6"/>; iptables supports no other.</param>
    /// <param name="proc">Normally /proc.</param>
    /// <remarks>For the calling thread's namespace. Never throws because of a kernel error: the result is then <see cref="RulePresence.Unknown"/>.</remarks>
    public static ForeignRule ProxyDropsInvalid(NftFamily family, string proc = "/proc")
    {
        if (family is not (NftFamily.Ipv4 or NftFamily.Ipv6))
            throw new ArgumentOutOfRangeException(nameof(family), family, "iptables supports IPv4 and IPv6 only.");
        try
        {
            var error = NftDump.TryRules(family, FilterTable, KubeForward, out var rules);
            if (error is not (Errno.Ok or Errno.ENOENT))
                return CannotRead(error);
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

    private static ForeignRule CannotRead(Errno error) => new(RulePresence.Unknown, error == Errno.EPERM
        ? $"The rules of {KubeForward} cannot be read: CAP_NET_ADMIN is missing. Run as root or grant the capability."
        : $"The rules of {KubeForward} cannot be read: {error.Describe()}. Check with iptables -S {KubeForward}.");

    // iptables-legacy keeps its rules in a place of its own, which nftables does not show.
    private static ForeignRule? LegacyIptables(NftFamily family, string proc)
    {
        string program = family == NftFamily.Ipv4 ? "iptables-legacy" : "ip6tables-legacy";
        string file = $"{proc}/thread-self/net/{(family == NftFamily.Ipv4 ? "ip" : "ip6")}_tables_names";
        try
        {
            return File.ReadLines(file).Contains(FilterTable)
                ? new ForeignRule(RulePresence.Unknown,
                    $"This node has rules of {program}, which this program cannot read. Check with {program} -S {KubeForward}.")
                : null;
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new ForeignRule(RulePresence.Unknown,
                $"{file} cannot be read, so this node may have rules of {program}. Run as root, or check with {program} -S {KubeForward}.");
        }
    }
}
