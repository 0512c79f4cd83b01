using System.Text.Json.Serialization;

namespace ConntrackConsole.Wire;

/// <summary>Names of the hub's methods, as both sides call them.</summary>
internal static class HubMethods
{
    /// <summary>Path of the collectors' hub.</summary>
    public const string Path = "/hubs/collector";
    /// <summary>Collector → console: <see cref="Wire.Hello"/> → <see cref="Wire.Welcome"/>. First call of a connection.</summary>
    public const string Hello = "Hello";
    /// <summary>Collector → console: a stream of frames, each one <c>byte[]</c> (<see cref="NodeFrameCodec"/>).</summary>
    public const string Frames = "Frames";
    /// <summary>
    /// Collector → console: a run (<see cref="Wire.Hello.StartedAtMs"/>, this one or an earlier one) and a stream of its frames
    /// that the console has not acknowledged, oldest first. A frame may arrive more than once: the console recognizes it by node,
    /// run and number. Because frames keep their numbers and changes are applied in order of number once they are stored, a late
    /// frame that is not a key frame is as useful as one in time.
    /// </summary>
    public const string Backfill = "Backfill";
    /// <summary>Console → collector, with result: <see cref="Wire.PreviewRequest"/> → <see cref="Wire.FlushPreview"/>.</summary>
    public const string Preview = "Preview";
    /// <summary>Console → collector, with result: <see cref="Wire.FlushNodeCommand"/> → <see cref="Wire.FlushResult"/>.</summary>
    public const string Flush = "Flush";
    /// <summary>
    /// Console → collector, with result: <see cref="Wire.FlushOutcomeRequest"/> → <see cref="Wire.FlushOutcomeSample"/>.
    /// </summary>
    public const string FlushOutcome = "Meter";
    /// <summary>Console → collector, with result: <see cref="Wire.SettingRequest"/> → <see cref="Wire.SettingReading"/>.</summary>
    public const string ReadSetting = "ReadSetting";
    /// <summary>
    /// Console → collector, with result: <see cref="Wire.SettingNodeCommand"/> → <see cref="Wire.SettingResult"/>.
    /// </summary>
    public const string ApplySetting = "ApplySetting";
    /// <summary>
    /// Console → collector, with result: <see cref="Wire.RevertNodeCommand"/> → <see cref="Wire.SettingResult"/>.
    /// </summary>
    public const string RevertSetting = "RevertSetting";
    /// <summary>Console → collector, with result: <see cref="Wire.RecallRequest"/> → <see cref="Wire.RecallAnswer"/>.</summary>
    public const string Recall = "Recall";
    /// <summary>
    /// Collector → console, with result: <see cref="Wire.JournalReport"/> → the number up to which the console has stored the
    /// entries (long). Sent after every connect and whenever an entry ends that the console has received no result of.
    /// </summary>
    public const string Journal = "Journal";
    /// <summary>
    /// Console → collector, no result: <see cref="Wire.StoredRanges"/>. These frames are committed and can be discarded.
    /// </summary>
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
/// <param name="StartedAtMs">When the collector started: with <paramref name="Node"/> it identifies one run of frame numbers.</param>
/// <param name="Capabilities">What this node can and cannot observe and do, with the reason.</param>
/// <param name="Sysctls">Current values of the relevant sysctls; names unknown to this kernel are absent.</param>
public sealed record Hello(
    string Node, string Version, string BootId, string Kernel, long StartedAtMs,
    IReadOnlyList<Capability> Capabilities, IReadOnlyDictionary<string, string> Sysctls);

/// <summary>One capability of a node.</summary>
/// <param name="Name">Stable name, such as "events", "resets.trace", "delete".</param>
/// <param name="Available">Whether it works here.</param>
/// <param name="Detail">What it means, or why it is missing and how to get it.</param>
public sealed record Capability(string Name, bool Available, string Detail)
{
    /// <summary>IPVS is loaded, and its table can be read.</summary>
    public const string Ipvs = "ipvs";

    /// <summary>Packets to Services that a rule refused are reported.</summary>
    public const string Refusals = "refusals";
}

/// <summary>The console's answer to <see cref="Hello"/>.</summary>
/// <param name="Accepted">False if this collector is refused.</param>
/// <param name="Refusal">The reason of the refusal.</param>
/// <param name="IsTemporary">The reason may disappear without the collector: it should try again. An older console does not say so.</param>
/// <param name="Code">Stable code of <paramref name="Refusal"/>; null where it is null, and from consoles without codes.</param>
public sealed record Welcome(bool Accepted, string? Refusal, bool IsTemporary = false, string? Code = null)
{
    internal static Welcome Refused(Reason reason, bool isTemporary = false) => new(false, reason.Message, isTemporary, reason.Code);
}

/// <summary>A range of frame numbers of one run of a collector, both ends included.</summary>
/// <param name="From">First number.</param>
/// <param name="To">Last number.</param>
public sealed record SequenceRange(ulong From, ulong To);

/// <summary>Frames that the console has stored, by ranges: back-filled frames come out of order.</summary>
/// <param name="StartedAtMs">The run of the collector that the numbers belong to (<see cref="Hello.StartedAtMs"/>).</param>
/// <param name="Ranges">What is stored since the last message, at most 1,000 ranges.</param>
public sealed record StoredRanges(long StartedAtMs, IReadOnlyList<SequenceRange> Ranges);

/// <summary>Addresses of terminated and lost pods, for which the collector looks up each entry.</summary>
/// <param name="PodIps">The addresses, at most <see cref="MaxPodIps"/>.</param>
public sealed record WatchList(IReadOnlyList<string> PodIps)
{
    /// <summary>Maximum number of <see cref="PodIps"/>.</summary>
    public const int MaxPodIps = 1_000;

    /// <summary>Maximum number of <see cref="Services"/>.</summary>
    public const int MaxServices = 10_000;

    /// <summary>
    /// Addresses and ports of Services (<see cref="ServiceAddress"/>): an entry that leads to one of them without translation belongs
    /// to that Service. Null from a console that does not send them.
    /// </summary>
    public IReadOnlyList<string>? Services { get; init; }
}

/// <summary>What the console knew of an address at some time. The collector refuses statements older than 10 s.</summary>
/// <param name="Ip">The address.</param>
/// <param name="State">gone, lost, terminating or live.</param>
/// <param name="Owner">namespace/name of the last owner.</param>
/// <param name="AsOfMs">When the console's view of the cluster was last confirmed, milliseconds of Unix time.</param>
/// <param name="NotBackend">
/// The live owner is no backend of the scope's Service: entries of that Service that lead to it are left from an earlier owner. Older
/// collectors ignore it, and refuse a live owner.
/// </param>
public sealed record OwnershipStatement(string Ip, OwnerState State, string? Owner, long AsOfMs, bool NotBackend = false);

/// <summary>Who owns an address now.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<OwnerState>))]
public enum OwnerState
{
    /// <summary>The console does not know the address (as far as it has seen, it was never a pod's).</summary>
    Unknown,
    /// <summary>A running pod has it.</summary>
    Live,
    /// <summary>A terminating pod has it.</summary>
    Terminating,
    /// <summary>Its pod's node is unreachable and its endpoint is not serving.</summary>
    Lost,
    /// <summary>A pod had it and no longer exists; it has not been reused since.</summary>
    Gone,
    /// <summary>It is a node's own address.</summary>
    Node,
    /// <summary>It is a Service's address.</summary>
    Service,
}

/// <summary>
/// Source-generated JSON for everything that goes through the hub and the command line (Native AOT has no reflection).
/// </summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(Hello))]
[JsonSerializable(typeof(Welcome))]
[JsonSerializable(typeof(PreviewRequest))]
[JsonSerializable(typeof(FlushPreview))]
[JsonSerializable(typeof(FlushNodeCommand))]
[JsonSerializable(typeof(FlushResult))]
[JsonSerializable(typeof(FlushOutcomeRequest))]
[JsonSerializable(typeof(FlushOutcomeSample))]
[JsonSerializable(typeof(SettingRequest))]
[JsonSerializable(typeof(SettingReading))]
[JsonSerializable(typeof(SettingNodeCommand))]
[JsonSerializable(typeof(RevertNodeCommand))]
[JsonSerializable(typeof(SettingResult))]
[JsonSerializable(typeof(RecallRequest))]
[JsonSerializable(typeof(RecallAnswer))]
[JsonSerializable(typeof(JournalReport))]
[JsonSerializable(typeof(StoredRanges))]
[JsonSerializable(typeof(WatchList))]
[JsonSerializable(typeof(long))]
[JsonSerializable(typeof(FlowEntry[]))]
[JsonSerializable(typeof(Capability[]))]
[JsonSerializable(typeof(byte[]))]
internal sealed partial class WireJson : JsonSerializerContext;
