using ConntrackConsole.Diagnosis.Facts;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Diagnosis.Rules.Shared;

/// <summary>
/// Divides un-NATed resets and those of new backends between the mechanisms that cause them, so that each is explained once: by what
/// became of entries. Only where resets and entries are both known.
/// </summary>
/// <param name="Kept">Un-NATed resets of clients that lost no entry (M1).</param>
/// <param name="Lost">Un-NATed resets after the loss of an entry, except by expiry (M2).</param>
/// <param name="Expired">Un-NATed resets after an expiry (M10).</param>
/// <param name="Moved">Resets of new backends after a loss, except by expiry (M2b).</param>
/// <param name="ExpiredMoved">Resets of new backends after an expiry (M10).</param>
/// <param name="Ended">Resets after IPVS ended the connection (M9).</param>
internal readonly record struct ResetAttribution(int Kept, int Lost, int Expired, int Moved, int ExpiredMoved, int Ended)
{
    public static ResetAttribution? Of(Evidence seen) =>
        seen is { Resets.Value: { } resets, Entries.Value: { } entries } ? Of(resets, entries, IpvsEnds(seen)) : null;

    /// <summary>IPVS ended connections in this window: the resets that follow are not those of another backend.</summary>
    public static bool IpvsEnds(Evidence seen) =>
        seen is { Ipvs.Value: { Servers: 0, Connections.ExpireNodestConn: true }, Entries.Value: { } entries, Resets.Value.NewBackend.Count: > 0 } && entries.LostFor(LossCause.ByKernel) > 0;

    private static ResetAttribution Of(ResetEvidence resets, EntryEvidence entries, bool ipvsEnds)
    {
        int newBackend = resets.NewBackend.Count;
        // Without entries that begin in mid-stream, IPVS accounts for all of them.
        int ended = ipvsEnds ? newBackend - Math.Min(newBackend, entries.MidStream.Count) : 0;
        int others = newBackend - ended;
        // A loss breaks one connection: its client resets the pod, or another pod resets it.
        int afterLoss = Math.Min(resets.UnNated.Count, Math.Max(entries.UnNated.Count, entries.LostTotal - newBackend));
        int expiries = entries.LostFor(LossCause.Timeout);
        int expired = Expiries(afterLoss, afterLoss + others, expiries, entries.LostTotal - ended);
        int expiredMoved = Expiries(others, others, expiries - expired, entries.LostTotal - ended - afterLoss);
        return new ResetAttribution(resets.UnNated.Count - afterLoss, afterLoss - expired, expired, others - expiredMoved, expiredMoved, ended);
    }

    // Not every loss breaks a connection. Where there are more losses than resets, which of them broke one is unknown: divide in proportion.
    private static int Expiries(int resets, int broken, int expiries, int lost) =>
        expiries <= 0 || resets == 0 ? 0
        : lost <= broken || expiries >= lost ? Math.Min(resets, expiries)
        : Math.Min(expiries, (int)Math.Round((double)resets * expiries / lost));
}
