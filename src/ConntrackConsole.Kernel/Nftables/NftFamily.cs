namespace ConntrackConsole.Kernel.Nftables;

/// <summary>The packets a table sees (NFPROTO_* of linux/netfilter.h).</summary>
internal enum NftFamily
{
    /// <summary>IPv4 and IPv6 in one table.</summary>
    Inet = 1,
    /// <summary>IPv4: where iptables-nft keeps its rules.</summary>
    Ipv4 = 2,
    /// <summary>IPv6: where ip6tables-nft keeps its rules.</summary>
    Ipv6 = 10,
}

/// <summary>The hook that a base chain is attached to (enum nf_inet_hooks).</summary>
internal enum NftHook
{
    /// <summary>Packets that arrive, before routing.</summary>
    PreRouting = 0,
    /// <summary>Packets for processes of this namespace.</summary>
    Input = 1,
    /// <summary>Forwarded packets.</summary>
    Forward = 2,
    /// <summary>Packets that processes of this namespace send.</summary>
    Output = 3,
}
