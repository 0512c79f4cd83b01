using System.Diagnostics.CodeAnalysis;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Kernel.Conntrack;

/// <summary>Status bits of a flow (enum ip_conntrack_status, linux/netfilter/nf_conntrack_common.h).</summary>
[Flags]
internal enum FlowStatus : uint
{
    /// <summary>None.</summary>
    None = 0,
    /// <summary>Packets were seen in both directions. Without it conntrack prints [UNREPLIED].</summary>
    SeenReply = 1 << 1,
    /// <summary>Not dropped early when the table is full. conntrack prints [ASSURED].</summary>
    Assured = 1 << 2,
    /// <summary>In the table.</summary>
    Confirmed = 1 << 3,
    /// <summary>The source is translated (SNAT).</summary>
    SourceNat = 1 << 4,
    /// <summary>The destination is translated (DNAT), as in a Service's flow.</summary>
    DestinationNat = 1 << 5,
    /// <summary>Being removed from the table.</summary>
    Dying = 1 << 9,
    /// <summary>
    /// A flowtable of nftables, or of act_ct, forwards its packets past conntrack. The kernel then reports neither a timeout nor a
    /// state of the protocol. Since Linux 4.16.
    /// </summary>
    Offload = 1 << 14,
    /// <summary>As <see cref="Offload"/>, by the network card. Since Linux 5.6.</summary>
    HardwareOffload = 1 << 15,
}

/// <summary>
/// A tracked flow as the kernel reported it in a dump, a reply or an event. Created only by the reader of kernel messages, so a
/// <see cref="Key"/> always identifies a flow that was observed.
/// </summary>
/// <remarks>Not readonly, so that the reader fills it in place: copies of its 152 bytes would be a third of the cost of reading a dump.</remarks>
internal record struct Flow
{
    private FlowTuple _orig;
    private FlowTuple _reply;

    /// <summary>The direction of the first packet: client → VIP for a Service flow.</summary>
    public FlowTuple Orig
    {
        readonly get => _orig;
        internal init => _orig = value;
    }

    /// <summary>The direction of the replies: backend → client. Only this tuple contains the pod's address.</summary>
    public FlowTuple Reply
    {
        readonly get => _reply;
        internal init => _reply = value;
    }

    /// <summary><see cref="Orig"/> without a copy.</summary>
    [UnscopedRef]
    internal readonly ref readonly FlowTuple OrigRef => ref _orig;

    /// <summary><see cref="Reply"/> without a copy.</summary>
    [UnscopedRef]
    internal readonly ref readonly FlowTuple ReplyRef => ref _reply;

    /// <summary>Status bits.</summary>
    public FlowStatus Status { readonly get; internal set; }

    /// <summary>TCP state; for other protocols derived from the status bits.</summary>
    public FlowState State { readonly get; internal set; }

    /// <summary>
    /// The name to print: of TCP, SCTP and DCCP the state of the protocol, of others a word for the status bits.
    /// </summary>
    public readonly string StateName => State is FlowState.Offloaded || ProtocolState is not { } number ? State.Name() : ProtocolStates.Name(Orig.Proto, number);

    /// <summary>The kernel's number of an SCTP or DCCP state; null for other protocols, or if the message does not contain it.</summary>
    public byte? ProtocolState { readonly get; internal set; }

    /// <summary>Seconds until the entry expires; null if the message does not contain it (DESTROY, or offloaded).</summary>
    public uint? TimeoutSeconds { readonly get; internal set; }

    /// <summary>CTA_ID. The kernel may give the same id to a later entry with the same original tuple.</summary>
    public uint Id { readonly get; internal set; }

    /// <summary>Conntrack zone.</summary>
    public ushort Zone { readonly get; internal set; }

    /// <summary>Identifies the entry for lookup.</summary>
    public readonly FlowOrigin Origin => new(Orig, Zone);

    /// <summary>Identifies the entry for deletion.</summary>
    public readonly FlowKey Key => new(Reply, Zone, Id);

    /// <summary>
    /// True if the flow's destination is translated: replies come from another address or port than the one the client connected
    /// to, and the kernel set the bit with which it translates. An entry that a program inserted with such tuples but without NAT
    /// has no such bit, lists alike and translates nothing. IPVS translates by itself and sets none.
    /// </summary>
    public readonly bool IsTranslated => RepliesFromElsewhere && ((Status & FlowStatus.DestinationNat) != 0 || IpvsPresence.IsLoaded);

    /// <summary>True if it looks translated by its tuples and is not.</summary>
    public readonly bool OnlyLooksTranslated => (Status & FlowStatus.DestinationNat) == 0 && !IpvsPresence.IsLoaded && RepliesFromElsewhere;

    private readonly bool RepliesFromElsewhere => _reply.Src != _orig.Dst || (!Protocols.IsPortless(_orig.Proto) && _reply.Sport != _orig.Dport);

    /// <summary>Where the reader writes <see cref="Orig"/>.</summary>
    [UnscopedRef]
    internal ref FlowTuple OrigPlace => ref _orig;

    /// <summary>Where the reader writes <see cref="Reply"/>.</summary>
    [UnscopedRef]
    internal ref FlowTuple ReplyPlace => ref _reply;
}

/// <summary>
/// Identifies one entry for deletion: reply tuple, zone and id. The reply tuple is included because the kernel computes the id
/// from the original tuple: an entry re-created with another backend can have the same id.
/// </summary>
internal readonly record struct FlowKey
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

    /// <summary>False for the default value, which identifies no entry.</summary>
    public bool IsComplete => !Reply.Src.IsNone && Reply.Src.Length == Reply.Dst.Length && Reply.Proto != 0;
}
