using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Commands.Flush;

/// <summary>
/// Checks of the node itself before it lists or deletes anything, independent of the console. Pure; the message of a refusal is
/// shown to the user.
/// </summary>
internal static class NodeFlushGuard
{
    public const int MaxEntries = 5000;
    public const int MaxApprovedEntries = 20_000;
    public const long MaxStatementAgeMs = 10_000;
    public const long MaxUnapprovedListAgeMs = 60_000;

    /// <summary>Why the address must not be flushed, or null.</summary>
    public static Reason? RefuseAddress(string? text, IReadOnlyCollection<Ip> ownAddresses, out Ip podIp)
    {
        if (!Ip.TryParse(text, out podIp))
            return new(FlushReasons.InvalidAddress, $"'{QuotedText.Truncate(text)}' is not an IP address in canonical form.");
        if (podIp.IsUnspecified || podIp.IsLoopback || IsMulticastOrBroadcast(podIp))
            return new(FlushReasons.AddressNotPod, $"{podIp} is not an address that a pod can have.");
        if (ownAddresses.Contains(podIp))
            return new(FlushReasons.NodeAddress, $"{podIp} is an address of this node or its gateway, or the first or last address of one of its networks, not a pod's.");
        return null;
    }

    /// <summary>Why the console's statement does not allow the flush, or null.</summary>
    /// <param name="statement">The statement.</param>
    /// <param name="podIp">The address.</param>
    /// <param name="nowMs">Now, by the console's clock.</param>
    /// <param name="filter">
    /// What is flushed: at a Service's own address only its untranslated entries of exactly one port; of a live owner only the entries
    /// of exactly one port of a Service that it does not serve.
    /// </param>
    public static Reason? RefuseStatement(OwnershipStatement? statement, Ip podIp, long nowMs, FlushFilter? filter = null)
    {
        if (statement is null)
            return new(FlushReasons.OwnerUnstated, $"The console does not state who owns {podIp}.");
        if (!Ip.TryParse(statement.Ip, out var stated) || stated != podIp)
            return new(FlushReasons.StatementMismatch, $"The ownership statement is for {QuotedText.Truncate(statement.Ip ?? "no address")}, not for {podIp}.");
        var age = (Int128)nowMs - statement.AsOfMs;
        if (age > MaxStatementAgeMs)
            return new(FlushReasons.ClusterStale, $"The console's view of the cluster is {age / 1000} s old; the maximum for a flush is {MaxStatementAgeMs / 1000} s.");
        if (age < -MaxStatementAgeMs)
            return new(FlushReasons.StatementFuture, $"The console's statement is dated {-age / 1000} s ahead of this node's clock; synchronize the clocks.");
        if (statement.State == OwnerState.Service && filter?.IsServicePort(podIp) == true)
            return null;
        return statement.State is OwnerState.Gone or OwnerState.Lost or OwnerState.Terminating
            || (filter is { IsOnePort: true } && statement is { State: OwnerState.Live, NotBackend: true })
            ? null
            : new Reason(StatementCode(statement.State), $"According to the console {podIp} is {statement.State.ToString().ToLowerInvariant()}; only pods that are gone, lost or terminating can be flushed.");
    }

    /// <summary>Why this number of entries must not be deleted, or null.</summary>
    /// <param name="count">Entries of the list.</param>
    /// <param name="approved">Whether a second person approved, or still can.</param>
    public static Reason? RefuseCount(int count, bool approved)
    {
        int max = approved ? MaxApprovedEntries : MaxEntries;
        return count <= max ? null
            : approved ? new Reason(FlushReasons.TooManyEntries, $"{count} entries match; the maximum for one flush on a node is {max}: limit it to a Service or a protocol.")
            : new Reason(FlushReasons.ApprovalRequired, $"{count} entries match; the maximum for one flush on a node without approval is {max}: request approval, or limit it to a Service or a protocol.");
    }

    /// <summary>Why a preview is too old, or null.</summary>
    public static Reason? RefuseAge(long ageMs, bool approved) => approved || ageMs <= MaxUnapprovedListAgeMs
        ? null
        : new Reason(FlushReasons.PreviewExpired, $"The preview is {ageMs / 1000} s old; without approval the maximum is {MaxUnapprovedListAgeMs / 1000} s. Refresh the preview.");

    /// <summary>Why the preset is not allowed for the owner's state, or null.</summary>
    public static Reason? RefusePreset(FlushPreset preset, OwnerState owner, bool breakGlass) =>
        preset == FlushPreset.All && owner == OwnerState.Terminating && !breakGlass
            ? new Reason(FlushReasons.PresetNeedsBreakGlass, "The pod still runs while it is terminating, and the preset All deletes working connections: use DeadBackend, or use break-glass.")
            : null;

    private static string StatementCode(OwnerState state) => state switch
    {
        OwnerState.Live => FlushReasons.OwnerLive,
        OwnerState.Node => FlushReasons.NodeAddress,
        OwnerState.Service => FlushReasons.OwnerService,
        _ => FlushReasons.OwnerUnknown,
    };

    private static bool IsMulticastOrBroadcast(Ip ip)
    {
        Span<byte> bytes = stackalloc byte[16];
        ip.WriteBytes(bytes);
        return ip.IsV4 ? bytes[0] >= 224 || bytes[0] == 0 : bytes[0] == 0xFF;
    }
}
