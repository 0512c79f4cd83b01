
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Commands.Flush;

/// <summary>
/// What the node itself can check before it lists or deletes anything, whatever the console says. Pure; each refusal is the
/// sentence that the user reads.
/// </summary>
internal static class FlushGuard
{
    public const int MaxEntries = 5000;
    public const int MaxApprovedEntries = 20_000;
    public const long MaxStatementAgeMs = 10_000;
    public const long MaxUnapprovedListAgeMs = 60_000;

    /// <summary>Why the address must not be flushed, or null.</summary>
    public static Reason? RefuseAddress(string? text, IReadOnlyCollection<Ip> ownAddresses, out Ip podIp)
    {
        if (!Ip.TryParse(text, out podIp))
            return new(FlushReasons.InvalidAddress, $"'{FlushFilter.Truncate(text ?? "")}' is not an IP address in its plain form.");
        if (podIp.IsUnspecified || podIp.IsLoopback || IsMulticastOrBroadcast(podIp))
            return new(FlushReasons.AddressNotPod, $"{podIp} is not an address that a pod can have.");
        if (ownAddresses.Contains(podIp))
            return new(FlushReasons.NodeAddress, $"{podIp} is an address of this node or its gateway, or the first or last of one of its networks, not a pod's.");
        return null;
    }

    /// <summary>Why the console's statement does not allow the act, or null.</summary>
    public static Reason? RefuseStatement(OwnershipStatement? statement, Ip podIp, long nowMs)
    {
        if (statement is null)
            return new(FlushReasons.OwnerUnstated, $"The console does not say who owns {podIp}.");
        if (!Ip.TryParse(statement.Ip, out var stated) || stated != podIp)
            return new(FlushReasons.StatementMismatch, $"The statement of ownership is about {FlushFilter.Truncate(statement.Ip ?? "nothing")}, not about {podIp}.");
        var age = (Int128)nowMs - statement.AsOfMs;
        if (age > MaxStatementAgeMs)
            return new(FlushReasons.ClusterStale, $"The console's view of the cluster is {age / 1000} s old; nothing is flushed on a view older than {MaxStatementAgeMs / 1000} s.");
        if (age < -MaxStatementAgeMs)
            return new(FlushReasons.StatementFuture, $"The console's statement is dated {-age / 1000} s ahead of this node's clock; set the clocks right.");
        return statement.State is OwnerState.Gone or OwnerState.Lost or OwnerState.Terminating
            ? null
            : new Reason(StatementCode(statement.State), $"The console says that {podIp} is {statement.State.ToString().ToLowerInvariant()}; only a pod that is gone, lost or terminating is flushed.");
    }

    /// <summary>Why so many must not be deleted, or null.</summary>
    /// <param name="count">Entries of the list.</param>
    /// <param name="approved">Whether a second person approved, or may still.</param>
    public static Reason? RefuseCount(int count, bool approved)
    {
        int max = approved ? MaxApprovedEntries : MaxEntries;
        return count <= max ? null
            : approved ? new Reason(FlushReasons.TooManyEntries, $"{count} entries match, more than the {max} that one flush may delete on a node: narrow it to a Service or a protocol.")
            : new Reason(FlushReasons.ApprovalRequired, $"{count} entries match, more than the {max} that one flush may delete on a node without a second person: let somebody approve it, or narrow it.");
    }

    /// <summary>Why a list may not be used any more, or null.</summary>
    public static Reason? RefuseAge(long ageMs, bool approved) => approved || ageMs <= MaxUnapprovedListAgeMs
        ? null
        : new Reason(FlushReasons.PreviewExpired, $"The list was shown {ageMs / 1000} s ago; without a second person's approval one is taken for {MaxUnapprovedListAgeMs / 1000} s. Look at a new one.");

    /// <summary>Why the preset does not fit who owns the address, or null.</summary>
    public static Reason? RefusePreset(FlushPreset preset, OwnerState owner, bool breakGlass) =>
        preset == FlushPreset.All && owner == OwnerState.Terminating && !breakGlass
            ? new Reason(FlushReasons.PresetNeedsBreakGlass, "The pod still runs while it is terminating, and the preset All takes connections that work: take DeadBackend, or break the glass.")
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
