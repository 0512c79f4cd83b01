using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Execute;

/// <summary>
/// What the node itself can check before it lists or deletes anything, whatever the console says. Pure; each refusal is the
/// sentence that the user reads.
/// </summary>
internal static class FlushGuard
{
    public const int MostEntries = 5000;
    public const long OldestStatementMs = 10_000;

    /// <summary>Why the address must not be flushed, or null.</summary>
    public static string? RefuseAddress(string text, IReadOnlyCollection<Ip> ownAddresses, out Ip podIp)
    {
        if (!Ip.TryParse(text, out podIp))
            return $"'{text}' is not an IP address in its plain form.";
        if (podIp.IsUnspecified || podIp.IsLoopback || IsMulticastOrBroadcast(podIp))
            return $"{podIp} is not an address that a pod can have.";
        if (ownAddresses.Contains(podIp))
            return $"{podIp} is an address of this node or its gateway, not a pod's.";
        return null;
    }

    /// <summary>Why the console's statement does not allow the act, or null.</summary>
    public static string? RefuseStatement(OwnershipStatement statement, Ip podIp, long nowMs)
    {
        if (!Ip.TryParse(statement.Ip, out var stated) || stated != podIp)
            return $"The statement of ownership is about {statement.Ip}, not about {podIp}.";
        long ageMs = nowMs - statement.AsOfMs;
        if (ageMs > OldestStatementMs)
            return $"The console's view of the cluster is {ageMs / 1000} s old; nothing is flushed on a view older than {OldestStatementMs / 1000} s.";
        if (ageMs < -OldestStatementMs)
            return $"The console's statement is dated {-ageMs / 1000} s ahead of this node's clock; set the clocks right.";
        return statement.State is OwnerState.Gone or OwnerState.Lost or OwnerState.Terminating
            ? null
            : $"The console says that {podIp} is {statement.State.ToString().ToLowerInvariant()}; only a pod that is gone, lost or terminating is flushed.";
    }

    public static string? RefuseCount(int count) => count <= MostEntries
        ? null
        : $"{count} entries match, more than the {MostEntries} that one flush may delete on a node.";

    private static bool IsMulticastOrBroadcast(Ip ip)
    {
        Span<byte> bytes = stackalloc byte[16];
        ip.WriteBytes(bytes);
        return ip.IsV4 ? bytes[0] >= 224 || bytes[0] == 0 : bytes[0] == 0xFF;
    }
}
