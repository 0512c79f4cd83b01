using ConntrackConsole.Lab.Instances;

namespace ConntrackConsole.Lab.Network;

/// <summary>Sysctls of the current thread's network namespace.</summary>
internal static class NamespaceSysctl
{
    /// <summary>Writes a value below /proc/sys, which shows each thread the sysctls of its own network namespace.</summary>
    /// <exception cref="InvalidOperationException">The thread is in the namespace in which the lab was started.</exception>
    public static void Set(string name, string value)
    {
        // The process's first thread never leaves its original namespace.
        if (FileIdentity.Of("/proc/thread-self/ns/net") == FileIdentity.Of("/proc/self/ns/net"))
            throw new InvalidOperationException($"Refused to write {name} in the machine's own network namespace.");
        File.WriteAllText(Path.Combine("/proc/sys", name), value);
    }

    /// <summary>Enables or disables IPv6 for the links that are created from now on. Without it there are no packets of neighbour discovery.</summary>
    public static void SetFamily(bool isV6, bool forwards)
    {
        Set("net/ipv6/conf/default/disable_ipv6", isV6 ? "0" : "1");
        if (!isV6)
            return;
        // An address is usable at once: no other link can have it here.
        Set("net/ipv6/conf/default/accept_dad", "0");
        Set("net/ipv6/conf/default/accept_ra", "0");
        Set("net/ipv6/conf/default/keep_addr_on_down", "1"); // as with IPv4
        if (forwards)
            Set("net/ipv6/conf/all/forwarding", "1");
    }

    /// <summary>Values set by kube-proxy, on which mechanism M1 and a repair by flush depend; per namespace.</summary>
    public static void SetAsKubeProxy()
    {
        TrySet("net/netfilter/nf_conntrack_tcp_timeout_established", "86400");
        TrySet("net/netfilter/nf_conntrack_tcp_timeout_close_wait", "3600");
        TrySet("net/netfilter/nf_conntrack_tcp_be_liberal", "0");
        TrySet("net/netfilter/nf_conntrack_tcp_loose", "1");
    }

    /// <summary>As <see cref="Set"/>; no effect if this kernel does not have the sysctl yet.</summary>
    public static void TrySet(string name, string value)
    {
        if (File.Exists(Path.Combine("/proc/sys", name)))
            Set(name, value);
    }
}
