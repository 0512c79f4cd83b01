using ConntrackConsole.Api.Query;
using ConntrackConsole.Inventory;

namespace ConntrackConsole.Api.Inventory;

/// <summary>A page of single resets, newest first.</summary>
/// <param name="Gaps">Of the window: resets may be missing there.</param>
/// <param name="MissingNodes">Nodes of the cluster without a collector: their resets are not known.</param>
/// <param name="SingleFrom">Since when single resets are kept, if that is within the window: of the time before only their number is known.</param>
/// <param name="Continue">Pass it as ?continue= for the next page; null on the last page.</param>
internal sealed record ResetPage(IReadOnlyList<ResetItem> Items, string From, string To, IReadOnlyList<NodeGapView> Gaps, IReadOnlyList<string> MissingNodes, string? SingleFrom, string? Continue);

/// <summary>One TCP reset, with the names of its time.</summary>
/// <param name="At">By the clock of the node that reported it.</param>
/// <param name="Kind">unNated, fromBackend, refusedSyn, newBackend, clientAbort, direct or other.</param>
/// <param name="Node">That reported it.</param>
/// <param name="From">Who sent it.</param>
/// <param name="To">Who received it.</param>
/// <param name="ServiceAddress">The virtual address of its flow; null if it has none.</param>
/// <param name="ObservedAt">sender or receiver.</param>
internal sealed record ResetItem(
    string At, string Kind, string Node, ResetPeerView From, ResetPeerView To, string? Namespace, string? Service, string? ServiceAddress, string ObservedAt)
{
    public static ResetItem Of(NamedReset reset)
    {
        ArgumentNullException.ThrowIfNull(reset);
        return new ResetItem(
            ApiTime.Text(reset.AtMs), ResetKindName.Of(reset.Kind), reset.Node, ResetPeerView.Of(reset.From), ResetPeerView.Of(reset.To), reset.Service?.Namespace, reset.Service?.Name,
            reset.ServiceAddress, reset.Received ? "receiver" : "sender");
    }
}

/// <summary>One side of a reset.</summary>
/// <param name="Address">Address and port.</param>
/// <param name="Role">client or server of the Service's flow; null for another flow.</param>
/// <param name="Name">namespace/name of the pod, or the name of the node or Service that had the address then; null if it is not known.</param>
/// <param name="Workload">Of the pod, as Kind/name; null if it is not known.</param>
internal sealed record ResetPeerView(string Address, string? Role, string? Name, string? Workload)
{
    public static ResetPeerView Of(ResetPeer peer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        return new ResetPeerView(peer.Text, peer.Role == PeerRole.Unknown ? null : ResetKindName.Camel(peer.Role), peer.Name, peer.Owner);
    }
}
