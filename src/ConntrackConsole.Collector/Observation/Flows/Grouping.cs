using System.Collections.Frozen;
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
/// Assigns a flow to a group: that of a Service if the destination was translated, or if it is the Service's own address and was
/// not; that of a pod if the destination is in the pods' ranges, otherwise "other".
/// </summary>
/// <param name="podRanges">Address ranges of pods.</param>
/// <param name="services">Addresses and ports of Services, as far as the console has sent them.</param>
internal sealed class Grouping(IReadOnlyList<Cidr> podRanges, IReadOnlySet<ServiceAddress>? services = null)
{
    private readonly Cidr[] _podRanges = [.. podRanges]; // An array, because enumerating an interface allocates for each flow.
    private readonly FrozenSet<ServiceAddress> _services = services?.ToFrozenSet() ?? [];

    /// <summary>The same ranges with other Services.</summary>
    public Grouping With(IReadOnlySet<ServiceAddress> services) => new(_podRanges, services);

    /// <summary>The group, which depends only on the original destination, the reply source and whether it is translated.</summary>
    /// <param name="orig">The original tuple.</param>
    /// <param name="reply">The reply tuple.</param>
    /// <param name="onlyLooksTranslated">As <see cref="Flow.OnlyLooksTranslated"/>.</param>
    public GroupKey Of(in FlowTuple orig, in FlowTuple reply, bool onlyLooksTranslated = false)
    {
        bool ports = !Protocols.IsPortless(orig.Proto);
        ushort port = ports ? orig.Dport : (ushort)0;
        if (!onlyLooksTranslated && (reply.Src != orig.Dst || (ports && reply.Sport != orig.Dport)))
            return new GroupKey(orig.Proto, orig.Dst, port, reply.Src, ports ? reply.Sport : (ushort)0);

        if (_services.Count > 0 && ports && _services.Contains(new ServiceAddress(orig.Proto, orig.Dst, port)))
            return new GroupKey(orig.Proto, orig.Dst, port, orig.Dst, port);

        foreach (var range in _podRanges)
        {
            if (range.Contains(orig.Dst))
                return new GroupKey(orig.Proto, default, 0, orig.Dst, port);
        }

        return GroupKey.Other;
    }
}
