using System.Globalization;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Ownership;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Inventory;

/// <summary>One TCP reset with the names of its time.</summary>
/// <param name="AtMs">By the clock of the node that reported it.</param>
/// <param name="Node">That reported it.</param>
/// <param name="From">Who sent it.</param>
/// <param name="To">Who received it.</param>
/// <param name="Service">Of its flow; null if the flow has none, or it is not known.</param>
/// <param name="ServiceAddress">The virtual address of its flow; null if it has none.</param>
internal sealed record NamedReset(long AtMs, ResetKind Kind, string Node, ResetPeer From, ResetPeer To, ServiceKey? Service, string? ServiceAddress, bool Received, ResetOrigin Origin)
{
    /// <summary>Distinguishes rows of one moment, and orders them.</summary>
    public string Id { get; } = $"{From.Text}>{To.Text}/{Node}{(Received ? "/r" : "")}";

    public bool Contains(string text) =>
        From.Contains(text) || To.Contains(text) || Has(ServiceAddress, text) || Has(Service?.ToString(), text);

    public static NamedReset Of(string node, Reset reset, ServiceKey? service, OwnershipHistory history, ClusterMap map)
    {
        bool isOfFlow = !reset.Vip.IsNone || !reset.Backend.IsNone;
        bool fromServer = isOfFlow && ((reset.Src == reset.Vip && reset.Sport == reset.Vport) || (reset.Src == reset.Backend && reset.Sport == reset.Bport));
        // Where the flow is known, the pod is named instead of the Service's address.
        var server = (Ip: reset.Backend.IsNone ? fromServer ? reset.Src : reset.Dst : reset.Backend, Port: reset.Backend.IsNone ? fromServer ? reset.Sport : reset.Dport : reset.Bport);
        var from = isOfFlow && fromServer ? Peer(server.Ip, server.Port, PeerRole.Server) : Peer(reset.Src, reset.Sport, isOfFlow ? PeerRole.Client : PeerRole.Unknown);
        var to = isOfFlow && !fromServer ? Peer(server.Ip, server.Port, PeerRole.Server) : Peer(reset.Dst, reset.Dport, isOfFlow ? PeerRole.Client : PeerRole.Unknown);
        return new NamedReset(
            reset.AtMs, reset.Kind, node, from, to, service, reset.Vip.IsNone ? null : ResetPeer.Address(reset.Vip, reset.Vport), reset.Received, reset.Origin);

        ResetPeer Peer(Ip ip, ushort port, PeerRole role) => ResetPeer.Of(ip, port, role, reset.AtMs, history, map);
    }

    internal static bool Has(string? value, string text) => value?.Contains(text, StringComparison.OrdinalIgnoreCase) == true;
}

/// <summary>What one side is in the flow.</summary>
internal enum PeerRole
{
    /// <summary>The flow is of no Service: which side is the client is not known.</summary>
    Unknown,
    Client,
    Server,
}

/// <summary>One side of a reset.</summary>
/// <param name="Text">Address and port.</param>
/// <param name="Name">namespace/name of the pod, or the name of the node or Service that had the address then; null if it is not known.</param>
/// <param name="Owner">The pod's workload as Kind/name; null if it is not known.</param>
internal sealed record ResetPeer(string Text, PeerRole Role, OwnerState State, string? Name, string? Owner)
{
    public bool Contains(string text) => NamedReset.Has(Text, text) || NamedReset.Has(Name, text) || NamedReset.Has(Owner, text);

    public static ResetPeer Of(Ip ip, ushort port, PeerRole role, long atMs, OwnershipHistory history, ClusterMap map)
    {
        var (state, span) = history.HolderAt(ip, atMs);
        string? name = span?.FullName ?? history.OwnershipAt(ip, atMs).Name;
        // Before the first list, and for an address that the history has forgotten.
        if (name is null && map.OwnerOf(ip) is { Name: not null } owner)
            return new ResetPeer(Address(ip, port), role, owner.State, owner.Name, owner.Pod is { } pod ? WorkloadName.Of(map, pod.Uid) : null);
        return new ResetPeer(Address(ip, port), role, state, name, span is { PodUid.Length: > 0 } held ? WorkloadName.Of(map, held.PodUid) : null);
    }

    public static string Address(Ip ip, ushort port) => ip.IsV4 ? string.Create(CultureInfo.InvariantCulture, $"{ip}:{port}") : string.Create(CultureInfo.InvariantCulture, $"[{ip}]:{port}");
}
