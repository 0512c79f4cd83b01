

using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Kernel.Conntrack;

/// <summary>Status bits of a flow (enum ip_conntrack_status, linux/netfilter/nf_conntrack_common.h).</summary>
[Flags]
public enum FlowStatus : uint
{
    /// <summary>None.</summary>
    None = 0,
    /// <summary>Packets were seen in both directions. Without it conntrack prints [UNREPLIED].</summary>
    SeenReply = 1 << 1,
    /// <summary>Not dropped early when the table is full. conntrack prints [ASSURED].</summary>
    Assured = 1 << 2,
    /// <summary>In the table.</summary>
    Confirmed = 1 << 3,
    /// <summary>The source is translated.</summary>
    SourceNat = 1 << 4,
    /// <summary>The destination is translated: how a Service's flow looks.</summary>
    DestinationNat = 1 << 5,
    /// <summary>On its way out of the table.</summary>
    Dying = 1 << 9,
}

/// <summary>
/// A tracked flow as the kernel told it in a dump, an answer or an event. Made only by the reader of kernel messages, so a
/// <see cref="Key"/> always names a flow that was seen.
/// </summary>
public readonly record struct Flow
{
    /// <summary>The direction of the first packet: client → VIP for a Service flow.</summary>
    public FlowTuple Orig { get; internal init; }

    /// <summary>The direction of the answers: backend → client. A pod's address stands only here.</summary>
    public FlowTuple Reply { get; internal init; }

    /// <summary>Status bits.</summary>
    public FlowStatus Status { get; internal init; }

    /// <summary>TCP state, or what the status tells for other protocols.</summary>
    public FlowState State { get; internal init; }

    /// <summary>Seconds until the entry expires; null where the message does not say (DESTROY).</summary>
    public uint? TimeoutSeconds { get; internal init; }

    /// <summary>CTA_ID. The kernel may give the same id to a later entry with the same original tuple.</summary>
    public uint Id { get; internal init; }

    /// <summary>Conntrack zone.</summary>
    public ushort Zone { get; internal init; }

    /// <summary>What a deletion needs.</summary>
    public FlowKey Key => new(Reply, Zone, Id);

    /// <summary>
    /// True for a flow whose destination was translated: its answers come from another address or port than the one the
    /// client asked for. Judged by the tuples, as the status bit says only that a rule was applied.
    /// </summary>
    public bool IsTranslated => Reply.Src != Orig.Dst || (!Protocols.IsPortless(Orig.Proto) && Reply.Sport != Orig.Dport);
}

/// <summary>
/// Names one entry for deletion: reply tuple, zone and id. The reply tuple is part of it because the kernel computes the id
/// from the original tuple: an entry that was re-created towards another backend can carry the same id.
/// </summary>
public readonly record struct FlowKey
{
    internal FlowKey(FlowTuple reply, ushort zone, uint id)
    {
        Reply = reply;
        Zone = zone;
        Id = id;
    }

    /// <summary>The reply tuple.</summary>
    public FlowTuple Reply { get; }

    /// <summary>The zone.</summary>
    public ushort Zone { get; }

    /// <summary>CTA_ID.</summary>
    public uint Id { get; }

    /// <summary>False for the default value, which names nothing.</summary>
    public bool IsComplete => !Reply.Src.IsNone && Reply.Src.Length == Reply.Dst.Length && Reply.Proto != 0;
}
