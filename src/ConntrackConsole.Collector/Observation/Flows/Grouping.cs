using System.Globalization;
using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Observation.Flows;

/// <summary>An address range such as 10.244.1.0/24.</summary>
internal readonly record struct Cidr(Ip Network, int PrefixLength)
{
    public static Cidr Parse(string text)
    {
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash > 0 && Ip.TryParse(text[..slash], out var network)
            && byte.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out byte prefixLength)
            && prefixLength <= network.Length * 8 && network.Masked(prefixLength) == network)
        {
            return new Cidr(network, prefixLength);
        }

        throw new FormatException($"'{text}' is not an address range such as 10.244.1.0/24 (the host bits must be zero).");
    }

    public bool Contains(Ip ip) => ip.IsIn(Network, PrefixLength);
}

/// <summary>
/// Assigns a flow to a group: that of a Service if the destination was translated, that of a pod if the destination is in the
/// pods' ranges, otherwise "other".
/// </summary>
internal sealed class Grouping(IReadOnlyList<Cidr> podRanges)
{
    private readonly Cidr[] _podRanges = [.. podRanges]; // An array, because enumerating an interface allocates for each flow.

    /// <summary>The group, which depends only on the original destination and the reply source.</summary>
    public GroupKey Of(in FlowTuple orig, in FlowTuple reply)
    {
        bool ports = !Protocols.IsPortless(orig.Proto);
        if (reply.Src != orig.Dst || (ports && reply.Sport != orig.Dport))
            return new GroupKey(orig.Proto, orig.Dst, ports ? orig.Dport : (ushort)0, reply.Src, ports ? reply.Sport : (ushort)0);

        foreach (var range in _podRanges)
        {
            if (range.Contains(orig.Dst))
                return new GroupKey(orig.Proto, default, 0, orig.Dst, ports ? orig.Dport : (ushort)0);
        }

        return GroupKey.Other;
    }
}
