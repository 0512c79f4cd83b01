
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Wire;

/// <summary>What is remarkable about an entry that was made or removed.</summary>
public enum FlowNoteKind : byte
{
    /// <summary>An established TCP entry was destroyed while its connection had not ended.</summary>
    Lost = 1,
    /// <summary>A new TCP entry that begins in mid-stream: ESTABLISHED [UNREPLIED].</summary>
    MidStream = 2,
    /// <summary>A new mid-stream entry whose original source is a backend: the pod's segment was not translated.</summary>
    UnNated = 3,
}

/// <summary>Why an entry was destroyed.</summary>
public enum LossCause : byte
{
    /// <summary>Not a loss, or not to be told.</summary>
    None = 0,
    /// <summary>
    /// Its timeout ran out: no netlink port, and no sign of an eviction. The kernel does not tell why it removes an entry, so
    /// the rare other reasons (an interface with masquerading went down) are in here.
    /// </summary>
    Timeout = 1,
    /// <summary>This collector deleted it (DESTROY carries our netlink port).</summary>
    OwnDelete = 2,
    /// <summary>Another program deleted it (DESTROY carries another netlink port).</summary>
    ForeignDelete = 3,
    /// <summary>The kernel evicted it to make room: early_drop rose in the same second, or the table is full.</summary>
    Kernel = 4,
}

/// <summary>A remarkable birth or death of an entry.</summary>
/// <param name="AtMs">When, milliseconds of Unix time.</param>
/// <param name="Kind">What.</param>
/// <param name="Cause">Why, for a loss.</param>
/// <param name="Src">Original source.</param>
/// <param name="Sport">Original source port.</param>
/// <param name="Dst">Original destination.</param>
/// <param name="Dport">Original destination port.</param>
/// <param name="Backend">Source of the reply tuple.</param>
/// <param name="Bport">Source port of the reply tuple.</param>
/// <param name="PortId">Netlink port of who asked for the change; 0 = the kernel itself.</param>
public readonly record struct FlowNote(
    long AtMs, FlowNoteKind Kind, LossCause Cause, Ip Src, ushort Sport, Ip Dst, ushort Dport, Ip Backend, ushort Bport, uint PortId);
