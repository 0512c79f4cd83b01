using System.Collections.Immutable;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Cluster.Model;

/// <summary>Nodes by name and by address.</summary>
internal sealed record NodeIndex
{
    public static readonly NodeIndex Empty = new();

    public ImmutableDictionary<string, NodeInfo> All { get; private init; } = ImmutableDictionary<string, NodeInfo>.Empty;

    private ImmutableDictionary<Ip, SmallList<string>> ByIp { get; init; } = ImmutableDictionary<Ip, SmallList<string>>.Empty;

    /// <summary>The node that has an address.</summary>
    public string? At(Ip ip) => ByIp.Of(ip).Newest;

    /// <summary>
    /// True if the node is known to be unreachable. A node that is absent while others exist was deleted; if no node is known
    /// at all, the console may not read nodes (or has not listed them yet), which allows no conclusion about a pod.
    /// </summary>
    public bool IsLost(string node) => node.Length > 0 && !All.IsEmpty && !(All.TryGetValue(node, out var info) && info.Reachable);

    public NodeIndex With(NodeInfo node)
    {
        var index = Unlisted(node.Name);
        foreach (var ip in node.Addresses)
            index = index.Adding(ip, node.Name);
        return new NodeIndex { All = All.SetItem(node.Name, node), ByIp = index };
    }

    public NodeIndex Without(NodeInfo node) =>
        // A node that was recreated under the same name has another uid: the deletion of the old one does not apply to it.
        All.TryGetValue(node.Name, out var known) && known.Uid == node.Uid
            ? new NodeIndex { All = All.Remove(node.Name), ByIp = Unlisted(node.Name) }
            : this;

    private ImmutableDictionary<Ip, SmallList<string>> Unlisted(string name)
    {
        var index = ByIp;
        foreach (var ip in All.GetValueOrDefault(name)?.Addresses ?? [])
            index = index.Removing(ip, name);
        return index;
    }
}
