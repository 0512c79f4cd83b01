using System.Text.Json.Serialization;

namespace ConntrackConsole.Wire;

/// <summary>Names of the hub's methods, as both sides call them.</summary>
public static class HubMethods
{
    /// <summary>Path of the collectors' hub.</summary>
    public const string Path = "/hubs/collector";
    /// <summary>Collector → console: <see cref="Wire.Hello"/> → <see cref="Wire.Welcome"/>. First call of a connection.</summary>
    public const string Hello = "Hello";
    /// <summary>Collector → console: a stream of frames, each one <c>byte[]</c> (<see cref="NodeFrameCodec"/>).</summary>
    public const string Frames = "Frames";
    /// <summary>
    /// Collector → console: a run (<see cref="Wire.Hello.StartedAtMs"/>, this one or an earlier one) and a stream of its frames
    /// that the console has not acknowledged, oldest first. A frame may come that came before: the console knows it by node,
    /// run and number. Because every frame keeps its number, and changes are folded in the order of numbers once they are
    /// stored, a frame that is no key frame is as good late as it was in time.
    /// </summary>
    public const string Backfill = "Backfill";
    /// <summary>Console → collector, with result: <see cref="Wire.PreviewRequest"/> → <see cref="Wire.FlushPreview"/>.</summary>
    public const string Preview = "Preview";
    /// <summary>Console → collector, with result: <see cref="Wire.FlushRequest"/> → <see cref="Wire.FlushResult"/>.</summary>
    public const string Flush = "Flush";
    /// <summary>Console → collector, no result: <see cref="Wire.StoredRanges"/>. These frames are committed and may be forgotten.</summary>
    public const string Stored = "Stored";
    /// <summary>Console → collector, no result: <see cref="Wire.WatchList"/>, the whole list each time.</summary>
    public const string Watch = "Watch";
    /// <summary>Collector → console: milliseconds of Unix time by the console's clock, to measure the offset.</summary>
    public const string Clock = "Clock";
}

/// <summary>A collector introduces itself.</summary>
/// <param name="Node">The Kubernetes node's name.</param>
/// <param name="Version">The collector's version.</param>
/// <param name="BootId">/proc/sys/kernel/random/boot_id.</param>
/// <param name="Kernel">The kernel's release.</param>
/// <param name="StartedAtMs">When the collector started: with <paramref name="Node"/> it names one run of frame numbers.</param>
/// <param name="Capabilities">What this node can and cannot tell, with the reason.</param>
/// <param name="Sysctls">Present values of the relevant sysctls; a name that this kernel lacks is absent.</param>
public sealed record Hello(
    string Node, string Version, string BootId, string Kernel, long StartedAtMs,
    IReadOnlyList<Capability> Capabilities, IReadOnlyDictionary<string, string> Sysctls);

/// <summary>One thing that a node can or cannot do.</summary>
/// <param name="Name">Stable name, such as "events", "resets.trace", "delete".</param>
/// <param name="Available">Whether it works here.</param>
/// <param name="Detail">What it means, or why it is missing and what would give it.</param>
public sealed record Capability(string Name, bool Available, string Detail);

/// <summary>The console's answer to <see cref="Hello"/>.</summary>
/// <param name="Accepted">False where this collector is not wanted.</param>
/// <param name="Refusal">The sentence why, where it is not accepted.</param>
public sealed record Welcome(bool Accepted, string? Refusal);

/// <summary>A range of frame numbers of one run of a collector, both ends included.</summary>
/// <param name="From">First number.</param>
/// <param name="To">Last number.</param>
public sealed record SequenceRange(ulong From, ulong To);

/// <summary>Frames that the console has stored, by ranges: back-filled frames come out of order.</summary>
/// <param name="StartedAtMs">The run of the collector that the numbers belong to (<see cref="Hello.StartedAtMs"/>).</param>
/// <param name="Ranges">What is stored since the last message, at most 1,000 ranges.</param>
public sealed record StoredRanges(long StartedAtMs, IReadOnlyList<SequenceRange> Ranges);

/// <summary>Addresses whose entries the collector shall look up one by one: terminated and lost pods.</summary>
/// <param name="PodIps">The addresses, at most 1,000.</param>
public sealed record WatchList(IReadOnlyList<string> PodIps);

/// <summary>What the console knows of an address, at a moment. The collector refuses one that is older than 10 s.</summary>
/// <param name="Ip">The address.</param>
/// <param name="State">gone, lost, terminating or live.</param>
/// <param name="Owner">namespace/name of the last owner.</param>
/// <param name="AsOfMs">When the console's view of the cluster was last confirmed, milliseconds of Unix time.</param>
public sealed record OwnershipStatement(string Ip, OwnerState State, string? Owner, long AsOfMs);

/// <summary>Who owns an address now.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<OwnerState>))]
public enum OwnerState
{
    /// <summary>The console does not know the address (never a pod's, as far as it has seen).</summary>
    Unknown,
    /// <summary>A pod that runs owns it.</summary>
    Live,
    /// <summary>A pod that is terminating owns it.</summary>
    Terminating,
    /// <summary>Its pod's node is unreachable and its endpoint is not serving.</summary>
    Lost,
    /// <summary>A pod owned it and no longer exists; nobody took the address since.</summary>
    Gone,
    /// <summary>It is a node's own address.</summary>
    Node,
    /// <summary>It is a Service's address.</summary>
    Service,
}

/// <summary>Asks a node for the entries that a flush of a pod IP would delete.</summary>
/// <param name="PreviewId">Made by the console, unique.</param>
/// <param name="PodIp">The pod's address: matched against the source of the reply tuple.</param>
/// <param name="Ownership">What the console knows of the address.</param>
public sealed record PreviewRequest(string PreviewId, string PodIp, OwnershipStatement Ownership);

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
public sealed record FlushPreview(
    string PreviewId, string Node, string Digest, IReadOnlyList<FlowEntry> Entries, long ExpiresAtMs, string? Refusal, bool TcpLoose);

/// <summary>Orders the deletion of exactly the entries of a preview.</summary>
/// <param name="ActionId">Unique; a node answers a repeated id with its first result.</param>
/// <param name="PreviewId">The preview that was shown.</param>
/// <param name="Digest">Its digest on this node.</param>
/// <param name="Ownership">What the console knows of the address at this moment.</param>
public sealed record FlushRequest(string ActionId, string PreviewId, string Digest, OwnershipStatement Ownership);

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
public sealed record FlushResult(
    string ActionId, string Node, int Listed, int Deleted, int AlreadyGone, int Alive, int Failed, int Remaining,
    string? Refusal, IReadOnlyList<string> Errors, long DurationMs);

/// <summary>Source-generated JSON for everything that goes through the hub and the command line (Native AOT has no reflection).</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(Hello))]
[JsonSerializable(typeof(Welcome))]
[JsonSerializable(typeof(PreviewRequest))]
[JsonSerializable(typeof(FlushPreview))]
[JsonSerializable(typeof(FlushRequest))]
[JsonSerializable(typeof(FlushResult))]
[JsonSerializable(typeof(StoredRanges))]
[JsonSerializable(typeof(WatchList))]
[JsonSerializable(typeof(long))]
[JsonSerializable(typeof(FlowEntry[]))]
[JsonSerializable(typeof(Capability[]))]
[JsonSerializable(typeof(byte[]))]
public sealed partial class WireJson : JsonSerializerContext;
