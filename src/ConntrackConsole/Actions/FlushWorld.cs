using ConntrackConsole.Cluster;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions;

/// <summary>All that the guards look at: the request and the world at one moment.</summary>
/// <param name="ValidIp">Whether the address is one, in its plain form.</param>
/// <param name="Owner">Who owns the address now.</param>
/// <param name="Connected">Nodes whose collector can be asked.</param>
/// <param name="Silent">Nodes that are part of the cluster and cannot be asked, or did not answer.</param>
/// <param name="Previews">Null before the nodes were asked.</param>
/// <param name="WithoutEndpoints">Services that the entries belong to and that have no endpoint left.</param>
public sealed record FlushWorld(
    string PodIp, bool ValidIp, string Reason, bool HasCluster, TimeSpan ClusterAge, Ownership Owner,
    IReadOnlyList<string> Connected, IReadOnlyList<string> Silent, IReadOnlyList<FlushPreview>? Previews,
    IReadOnlyList<string> WithoutEndpoints);
