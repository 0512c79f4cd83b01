using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Wire;

/// <summary>Kind of an unusual creation or removal of an entry.</summary>
internal enum FlowNoteKind : byte
{
    /// <summary>An established TCP entry was destroyed before its connection ended.</summary>
    Lost = 1,
    /// <summary>A new TCP entry that begins in mid-stream: ESTABLISHED [UNREPLIED].</summary>
    MidStream = 2,
    /// <summary>A new mid-stream entry with a backend as original source: the pod's segment was not translated.</summary>
    UnNated = 3,
}

/// <summary>Why an entry was destroyed.</summary>
public enum LossCause : byte
{
    /// <summary>
    /// Not a loss, or not known: the kernel removed it and gives no reason, and its last known timeout is too old to prove or to exclude
    /// an expiry.
    /// </summary>
    None = 0,
    /// <summary>
    /// Its timeout expired: no netlink port, no sign of an eviction, and its timeout ran out as it was last seen or as every packet sets it. Older collectors
    /// also report this where the cause is unknown.
    /// </summary>
    Timeout = 1,
    /// <summary>This collector deleted it (DESTROY carries our netlink port).</summary>
    OwnDelete = 2,
    /// <summary>Another program deleted it (DESTROY carries another netlink port).</summary>
    ForeignDelete = 3,
    /// <summary>The kernel evicted it: early_drop increased in the same second, or the table is full.</summary>
    Kernel = 4,
    /// <summary>
    /// The kernel removed it although its timeout cannot have run out: IPVS ended the connection to a removed server
    /// (expire_nodest_conn), or an interface with masquerading went down.
    /// </summary>
    ByKernel = 5,
}

/// <summary>An unusual creation or removal of an entry.</summary>
/// <param name="AtMs">When, milliseconds of Unix time.</param>
/// <param name="Kind">What.</param>
/// <param name="Cause">Why, for a loss.</param>
/// <param name="Src">Original source.</param>
/// <param name="Sport">Original source port.</param>
/// <param name="Dst">Original destination.</param>
/// <param name="Dport">Original destination port.</param>
/// <param name="Backend">Source of the reply tuple.</param>
/// <param name="Bport">Source port of the reply tuple.</param>
/// <param name="PortId">Netlink port of the program that requested the change; 0 = the kernel itself.</param>
internal readonly record struct FlowNote(
    long AtMs, FlowNoteKind Kind, LossCause Cause, Ip Src, ushort Sport, Ip Dst, ushort Dport, Ip Backend, ushort Bport, uint PortId);
