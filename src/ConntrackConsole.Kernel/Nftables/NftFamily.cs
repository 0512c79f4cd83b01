namespace ConntrackConsole.Kernel.Nftables;

/// <summary>Whose packets a table sees (NFPROTO_* of linux/netfilter.h).</summary>
public enum NftFamily
{
    /// <summary>IPv4 and IPv6 in one table.</summary>
    Inet = 1,
    /// <summary>IPv4: where iptables-nft keeps its rules.</summary>
    Ipv4 = 2,
    /// <summary>IPv6: where ip6tables-nft keeps its rules.</summary>
    Ipv6 = 10,
}

/// <summary>Where a base chain hangs (enum nf_inet_hooks).</summary>
public enum NftHook
{
    /// <summary>Packets that arrive, before routing.</summary>
    PreRouting = 0,
    /// <summary>Packets for processes of this namespace.</summary>
    Input = 1,
    /// <summary>Packets that go through.</summary>
    Forward = 2,
    /// <summary>Packets that processes of this namespace send.</summary>
    Output = 3,
}
