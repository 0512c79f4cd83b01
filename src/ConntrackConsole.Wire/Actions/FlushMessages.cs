using System.Text.Json.Serialization;

namespace ConntrackConsole.Wire;

/// <summary>Which of a pod address's entries a flush takes.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<FlushPreset>))]
public enum FlushPreset
{
    /// <summary>Only what never hurts: UNREPLIED, SYN_SENT, and UDP that is unreplied or whose owner is gone or lost.</summary>
    Safe,
    /// <summary>Every entry that leads to the address; those that prove alive are left.</summary>
    DeadBackend,
    /// <summary>Every entry that leads to the address, alive or not.</summary>
    All,
}

/// <summary>Narrows a flush. Null = not narrowed.</summary>
/// <param name="Proto">tcp, udp or sctp.</param>
/// <param name="Vip">Original destination: a Service's address.</param>
/// <param name="VipPort">Original destination port; only with <paramref name="Vip"/>.</param>
public sealed record FlushScope(string? Proto, string? Vip, int? VipPort);

/// <summary>Asks a node for the entries that a flush of a pod IP would delete.</summary>
/// <param name="PreviewId">Made by the console, unique.</param>
/// <param name="PodIp">The pod's address: matched against the source of the reply tuple.</param>
/// <param name="AddressOwnership">What the console knows of the address.</param>
/// <param name="Preset">Which entries.</param>
/// <param name="Scope">What narrows them.</param>
public sealed record PreviewRequest(
    string PreviewId, string PodIp, OwnershipStatement AddressOwnership, FlushPreset Preset = FlushPreset.DeadBackend, FlushScope? Scope = null);

/// <summary>What deleting an entry will do to its flow.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<FlushEffect>))]
public enum FlushEffect
{
    /// <summary>The client's next retransmission reaches a live pod, which resets; the client reconnects.</summary>
    FailsFast,
    /// <summary>The next datagram goes to a current endpoint.</summary>
    Moves,
    /// <summary>Unknown who speaks first, or the backend is alive: the flush itself may cause resets.</summary>
    MayBreak,
    /// <summary>The client hangs until its own timeout (tcp_loose=0).</summary>
    Hangs,
    /// <summary>A leftover: nothing depends on it.</summary>
    NoEffect,
}

/// <summary>One entry of a preview or of a list of flows. Ports are null for protocols without ports.</summary>
/// <param name="Proto">Lower-case protocol name.</param>
/// <param name="State">conntrack's state name; UNREPLIED, REPLIED, ASSURED for protocols without states.</param>
/// <param name="Src">Original source (the client).</param>
/// <param name="Sport">Original source port.</param>
/// <param name="Dst">Original destination (the VIP of a Service flow).</param>
/// <param name="Dport">Original destination port.</param>
/// <param name="ReplySrc">Reply source (the backend).</param>
/// <param name="ReplySport">Reply source port.</param>
/// <param name="ReplyDst">Reply destination.</param>
/// <param name="ReplyDport">Reply destination port.</param>
/// <param name="Zone">Conntrack zone.</param>
/// <param name="Id">CTA_ID; not unique over time.</param>
/// <param name="TimeoutSeconds">Remaining timeout in seconds.</param>
/// <param name="Status">IPS_* bits, as the kernel gives them.</param>
/// <param name="Effect">What deleting it will do; null in lists of flows.</param>
public sealed record FlowEntry(
    string Proto, string State, string Src, int? Sport, string Dst, int? Dport,
    string ReplySrc, int? ReplySport, string ReplyDst, int? ReplyDport,
    int Zone, uint Id, uint TimeoutSeconds, uint Status, FlushEffect? Effect);

/// <summary>A node's list of what a flush would delete. The node keeps the list itself; this is for people to read.</summary>
/// <param name="PreviewId">As asked.</param>
/// <param name="Node">The node.</param>
/// <param name="Digest">SHA-256 (hex) over the list that the node keeps: the flush must name it.</param>
/// <param name="Entries">The entries; empty where refused.</param>
/// <param name="ExpiresAtMs">After this the node has forgotten the list, milliseconds of Unix time.</param>
/// <param name="Refusal">The sentence why there is no preview, or null.</param>
/// <param name="TcpLoose">net.netfilter.nf_conntrack_tcp_loose of the node.</param>
/// <param name="LeftOut">Entries that lead to the address and that the preset or the scope leaves out.</param>
/// <param name="RefusalCode">Stable code of <paramref name="Refusal"/>; null where it is null, and from collectors without codes.</param>
public sealed record FlushPreview(
    string PreviewId, string Node, string Digest, IReadOnlyList<FlowEntry> Entries, long ExpiresAtMs, string? Refusal, bool TcpLoose,
    int LeftOut = 0, string? RefusalCode = null);

/// <summary>Orders the deletion of exactly the entries of a preview. It names no entry: the node has the list.</summary>
/// <param name="Command">Who, why, until when.</param>
/// <param name="PreviewId">The preview that was shown.</param>
/// <param name="Digest">Its digest on this node.</param>
/// <param name="AddressOwnership">What the console knows of the address at this moment.</param>
public sealed record FlushNodeCommand([property: JsonPropertyName("order")] NodeCommand Command, string PreviewId, string Digest, OwnershipStatement AddressOwnership);

/// <summary>What became of each listed entry on a node.</summary>
/// <param name="ActionId">As ordered.</param>
/// <param name="Node">The node.</param>
/// <param name="Listed">Entries in the preview.</param>
/// <param name="Deleted">Deleted by this action.</param>
/// <param name="AlreadyGone">Not there any more (ENOENT) when their turn came.</param>
/// <param name="Alive">Skipped: their timeout rose since the preview, so their backend answers.</param>
/// <param name="Failed">Refused by the kernel for another reason.</param>
/// <param name="Remaining">Entries with this reply source found by the dump after the deletion; -1 where that dump failed.</param>
/// <param name="Refusal">The sentence why nothing was done, or null.</param>
/// <param name="Errors">Sentences for <paramref name="Failed"/>, at most 10.</param>
/// <param name="DurationMs">Duration of deletion and verification in milliseconds.</param>
/// <param name="EntryOutcomes">
/// A letter for each listed entry in the preview's order: D deleted, G already gone, A alive, F failed, N not reached. Empty where refused.
/// </param>
/// <param name="Unsure">The act began and was cut off: what was deleted is not known, <paramref name="Remaining"/> is what is there now.</param>
/// <param name="Witnessed">
/// DESTROY events that the collector heard with this flush's netlink port; entries that emit no events are not among them
/// (nf_conntrack_events=2 and older than the collector). Null where nobody listened.
/// </param>
/// <param name="Code">Stable code of the refusal or of what went wrong; null after a complete success, and from collectors without codes.</param>
public sealed record FlushResult(
    string ActionId, string Node, int Listed, int Deleted, int AlreadyGone, int Alive, int Failed, int Remaining,
    string? Refusal, IReadOnlyList<string> Errors, long DurationMs, [property: JsonPropertyName("fates")] string EntryOutcomes = "", bool Unsure = false, int? Witnessed = null,
    string? Code = null);

/// <summary>Asks what became of the clients of a flush, up to 130 s after it.</summary>
/// <param name="ActionId">The flush.</param>
public sealed record FlushOutcomeRequest(string ActionId);

/// <summary>What became of a flush's clients on a node.</summary>
/// <param name="ActionId">As asked.</param>
/// <param name="Node">The node.</param>
/// <param name="AtMs">When it was looked, milliseconds of Unix time.</param>
/// <param name="Left">Listed entries that are still there.</param>
/// <param name="Recreated">Entries that lead to the flushed address and were not listed.</param>
/// <param name="Clients">Different client addresses and Service ports among the deleted entries.</param>
/// <param name="CameBack">How many of these have an entry of the same Service port to another backend now.</param>
/// <param name="Refusal">Why nothing can be told (too long ago, the collector restarted), or null.</param>
/// <param name="RefusalCode">Stable code of <paramref name="Refusal"/>.</param>
public sealed record FlushOutcomeSample(
    string ActionId, string Node, long AtMs, int Left, int Recreated, int Clients, int CameBack, string? Refusal, string? RefusalCode = null);
