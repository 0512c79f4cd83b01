using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Execute;

/// <summary>
/// What the node itself can check before it lists or deletes anything, whatever the console says. Pure; each refusal is the
/// sentence that the user reads.
/// </summary>
internal static class FlushGuard
{
    public const int MostEntries = 5000;
    public const int MostApprovedEntries = 20_000;
    public const long OldestStatementMs = 10_000;
    public const long OldestUnapprovedListMs = 60_000;

    /// <summary>Why the address must not be flushed, or null.</summary>
    public static string? RefuseAddress(string? text, IReadOnlyCollection<Ip> ownAddresses, out Ip podIp)
    {
        if (!Ip.TryParse(text, out podIp))
            return $"'{FlushFilter.Shown(text ?? "")}' is not an IP address in its plain form.";
        if (podIp.IsUnspecified || podIp.IsLoopback || IsMulticastOrBroadcast(podIp))
            return $"{podIp} is not an address that a pod can have.";
        if (ownAddresses.Contains(podIp))
            return $"{podIp} is an address of this node or its gateway, or the first or last of one of its networks, not a pod's.";
        return null;
    }

    /// <summary>Why the console's statement does not allow the act, or null.</summary>
    public static string? RefuseStatement(OwnershipStatement? statement, Ip podIp, long nowMs)
    {
        if (statement is null)
            return $"The console does not say who owns {podIp}.";
        if (!Ip.TryParse(statement.Ip, out var stated) || stated != podIp)
            return $"The statement of ownership is about {FlushFilter.Shown(statement.Ip ?? "nothing")}, not about {podIp}.";
        var age = (Int128)nowMs - statement.AsOfMs;
        if (age > OldestStatementMs)
            return $"The console's view of the cluster is {age / 1000} s old; nothing is flushed on a view older than {OldestStatementMs / 1000} s.";
        if (age < -OldestStatementMs)
            return $"The console's statement is dated {-age / 1000} s ahead of this node's clock; set the clocks right.";
        return statement.State is OwnerState.Gone or OwnerState.Lost or OwnerState.Terminating
            ? null
            : $"The console says that {podIp} is {statement.State.ToString().ToLowerInvariant()}; only a pod that is gone, lost or terminating is flushed.";
    }

    /// <summary>Why so many must not be deleted, or null.</summary>
    /// <param name="count">Entries of the list.</param>
    /// <param name="approved">Whether a second person approved, or may still.</param>
    public static string? RefuseCount(int count, bool approved)
    {
        int most = approved ? MostApprovedEntries : MostEntries;
        return count <= most ? null
            : approved ? $"{count} entries match, more than the {most} that one flush may delete on a node: narrow it to a Service or a protocol."
            : $"{count} entries match, more than the {most} that one flush may delete on a node without a second person: let somebody approve it, or narrow it.";
    }

    /// <summary>Why a list may not be used any more, or null.</summary>
    public static string? RefuseAge(long ageMs, bool approved) => approved || ageMs <= OldestUnapprovedListMs
        ? null
        : $"The list was shown {ageMs / 1000} s ago; without a second person's approval one is taken for {OldestUnapprovedListMs / 1000} s. Look at a new one.";

    /// <summary>Why the preset does not fit who owns the address, or null.</summary>
    public static string? RefusePreset(FlushPreset preset, OwnerState owner, bool breakGlass) =>
        preset == FlushPreset.All && owner == OwnerState.Terminating && !breakGlass
            ? "The pod still runs while it is terminating, and the preset All takes connections that work: take DeadBackend, or break the glass."
            : null;

    private static bool IsMulticastOrBroadcast(Ip ip)
    {
        Span<byte> bytes = stackalloc byte[16];
        ip.WriteBytes(bytes);
        return ip.IsV4 ? bytes[0] >= 224 || bytes[0] == 0 : bytes[0] == 0xFF;
    }
}
