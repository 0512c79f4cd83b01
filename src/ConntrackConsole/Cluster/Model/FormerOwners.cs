using System.Collections.Immutable;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Cluster.Model;

/// <summary>The last owners of addresses that have no owner now. Bounded; the oldest are dropped first.</summary>
internal sealed record FormerOwners
{
    public static readonly FormerOwners Empty = new();

    private ImmutableDictionary<Ip, FormerOwner> ByIp { get; init; } = ImmutableDictionary<Ip, FormerOwner>.Empty;
    private ImmutableQueue<FormerOwner> Order { get; init; } = [];
    private int Count { get; init; }

    public IEnumerable<FormerOwner> All => ByIp.Values;

    public FormerOwner? At(Ip ip) => ByIp.GetValueOrDefault(ip);

    /// <summary>The addresses of the owners that a later version no longer keeps because there were too many.</summary>
    public IEnumerable<Ip> DroppedUntil(FormerOwners later)
    {
        if (Order.IsEmpty || later.Order.IsEmpty)
            yield break;
        var kept = later.Order.Peek();
        foreach (var owner in Order)
        {
            if (ReferenceEquals(owner, kept))
                yield break;
            yield return owner.Ip;
        }
    }

    public FormerOwners WithFormerOwner(FormerOwner owner)
    {
        // The pod of a finished Job may be deleted days after its address was reused: it does not replace the later owner.
        if (ByIp.TryGetValue(owner.Ip, out var known) && known.GoneMs > owner.GoneMs)
            return this;
        var byIp = ByIp.SetItem(owner.Ip, owner);
        var order = Order.Enqueue(owner);
        int count = Count + 1;
        while (count > ClusterMap.MaxGone)
        {
            order = order.Dequeue(out var oldest);
            count--;
            if (byIp.TryGetValue(oldest.Ip, out var kept) && ReferenceEquals(kept, oldest))
                byIp = byIp.Remove(oldest.Ip);
        }

        return new FormerOwners { ByIp = byIp, Order = order, Count = count };
    }
}
