using ConntrackConsole.Collector.Ipvs;
using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Ipvs;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Commands.Flush;

/// <summary>What IPVS will do with the flows of a flush: it keeps their connections in a table of its own, which no flush changes.</summary>
internal sealed class IpvsImpact
{
    private readonly HashSet<Connection> _removed;
    private readonly HashSet<Connection> _others;

    private IpvsImpact(IpvsSnapshot snapshot) => (Summary, _removed, _others) =
        (snapshot.Summary, [.. snapshot.Removed.Select(Connection.Of)], [.. snapshot.Others.Select(Connection.Of)]);

    public IpvsConnectionSummary Summary { get; }

    /// <summary>Reads IPVS's table for the address and the scope of a flush; null where IPVS has nothing to say about it.</summary>
    /// <param name="podIp">The address of the server.</param>
    /// <param name="filter">The scope.</param>
    /// <param name="proc">Normally /proc.</param>
    public static IpvsImpact? TryRead(Ip podIp, FlushFilter filter, string proc = "/proc") =>
        IpvsSnapshot.TryRead(podIp, filter.Proto, filter.Vip, filter.Vport, proc) is { Summary: { Total: > 0 } or { Partial: true } } snapshot
            ? new IpvsImpact(snapshot)
            : null;

    /// <summary>
    /// The effect of deleting the entry of a connection that IPVS has, or may have where its table is not known as a whole; null if it has none.
    /// </summary>
    public FlushEffect? Of(in Flow flow, OwnerState owner)
    {
        var connection = Connection.Of(in flow);
        if (_removed.Contains(connection))
            return Summary.ExpireNodestConn == true ? FlushEffect.FailsFast : FlushEffect.Hangs;
        // The next packet goes to the same server: that helps no client if the pod is gone.
        if (_others.Contains(connection))
            return owner is OwnerState.Gone or OwnerState.Lost ? FlushEffect.Hangs : FlushEffect.NoEffect;
        return (Summary.Partial || Summary.Unreadable) && flow.IsTranslated && flow.State.IsLive() ? FlushEffect.MayBreak : null;
    }

    private readonly record struct Connection(byte Proto, Ip Client, ushort Cport, Ip Vip, ushort Vport)
    {
        public static Connection Of(in Flow flow) => new(flow.Orig.Proto, flow.Orig.Src, flow.Orig.Sport, flow.Orig.Dst, flow.Orig.Dport);

        public static Connection Of(IpvsConnection connection) => new(connection.Proto, connection.Client, connection.Cport, connection.Vip, connection.Vport);
    }
}
