using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions.Workflow;

/// <summary>
/// Predicts when the clients of a flush notice it: a waiting client at its next retransmission; the interval doubles from one to
/// the next. A pure function of the preview and the time of the deletion, because a client may retransmit between the two.
/// </summary>
internal static class ClientWait
{
    // TCP_RTO_MAX: the kernel never waits longer between two retransmissions.
    private const long MaxIntervalMs = 120_000;

    // TCP_RTO_MIN.
    private const long MinIntervalMs = 200;

    // The kernel's defaults of nf_conntrack_tcp_timeout_unacknowledged (and _max_retrans), and of _syn_sent. An unacknowledged packet
    // sets the timeout to this, so the rest gives the time of the last one.
    private const int UnacknowledgedSeconds = 300;
    private const int SynSentSeconds = 120;

    /// <summary>
    /// Seconds from the deletion until the last waiting client retransmits, at most 120. Null if none waits, or if all have been
    /// idle since the backend went: those notice when they use the connection.
    /// </summary>
    /// <param name="plan">The preview: its entries, and since when the address has had no owner.</param>
    /// <param name="deletedMs">When the entries are deleted, milliseconds of Unix time.</param>
    public static int? ExpectedWithinS(ActionPlan plan, long deletedMs)
    {
        ArgumentNullException.ThrowIfNull(plan);
        long? longest = plan.Previews.SelectMany(p => p.Entries)
            .Where(e => e.Effect == FlushEffect.FailsFast)
            .Max(e => WaitMs(e, plan.Owner.SinceMs, plan.RequestedMs, deletedMs));
        return longest is { } ms ? (int)Math.Clamp((ms + 1999) / 1000, 1, MaxIntervalMs / 1000) : null;
    }

    private static long? WaitMs(FlowEntry entry, long? hangsSinceMs, long readMs, long deletedMs)
    {
        long sentMs = readMs - ((Unanswered(entry) - entry.TimeoutSeconds) * 1000L);
        if (sentMs > readMs)
            return null;
        if (hangsSinceMs is not { } sinceMs || readMs - sentMs > MaxIntervalMs)
            return MaxIntervalMs;
        if (sentMs < sinceMs)
            return null;
        long intervalMs = Math.Clamp(sentMs - sinceMs, MinIntervalMs, MaxIntervalMs);
        long nextMs = sentMs + intervalMs;
        while (nextMs < deletedMs)
        {
            intervalMs = Math.Min(2 * intervalMs, MaxIntervalMs);
            nextMs += intervalMs;
        }

        return nextMs - deletedMs;
    }

    private static int Unanswered(FlowEntry entry) => entry.State == "SYN_SENT" ? SynSentSeconds : UnacknowledgedSeconds;
}
