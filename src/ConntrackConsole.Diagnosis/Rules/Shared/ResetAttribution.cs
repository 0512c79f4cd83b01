using ConntrackConsole.Diagnosis.Facts;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Diagnosis.Rules.Shared;

/// <summary>
/// Divides un-NATed resets and those of new backends between the mechanisms that cause them, so that each is explained once: by what
/// became of entries. Only where resets and entries are both known.
/// </summary>
/// <param name="Kept">Un-NATed resets of clients that lost no entry (M1).</param>
/// <param name="Lost">Un-NATed resets after the loss of an entry by a known cause, except by expiry (M2).</param>
/// <param name="Expired">Un-NATed resets after an expiry (M10).</param>
/// <param name="Moved">Resets of new backends after a loss by a known cause, except by expiry (M2b).</param>
/// <param name="ExpiredMoved">Resets of new backends after an expiry (M10).</param>
/// <param name="Ended">Resets after IPVS ended the connection (M9).</param>
/// <param name="Unclear">Un-NATed resets that may be any of the first three: entries were lost, and no new one shows what followed.</param>
/// <param name="LostUnknown">Un-NATed resets after a loss of unknown cause (M2 or M10).</param>
/// <param name="MovedUnknown">Resets of new backends after a loss of unknown cause (M2b or M10).</param>
internal readonly record struct ResetAttribution(
    int Kept, int Lost, int Expired, int Moved, int ExpiredMoved, int Ended, int Unclear, int LostUnknown, int MovedUnknown)
{
    public static ResetAttribution? Of(Evidence seen) =>
        seen is { Resets.Value: { } resets, Entries.Value: { } entries } ? Of(resets, entries, IpvsEnds(seen), seen.Settings.Value?.Loose) : null;

    /// <summary>IPVS ended connections in this window: the resets that follow are not those of another backend.</summary>
    public static bool IpvsEnds(Evidence seen) =>
        seen is { Ipvs.Value: { Servers: 0, Connections.ExpireNodestConn: true }, Entries.Value: { } entries, Resets.Value.NewBackend.Count: > 0 } && entries.LostFor(LossCause.ByKernel) > 0;

    private static ResetAttribution Of(ResetEvidence resets, EntryEvidence entries, bool ipvsEnds, bool? loose)
    {
        int newBackend = resets.NewBackend.Count;
        int ended = ipvsEnds ? Math.Min(newBackend, entries.LostFor(LossCause.ByKernel)) : 0;
        int byPods = newBackend - ended;
        // With tcp_loose=1 the segment that arrives untranslated makes a new entry. With 0 it is INVALID, and only the losses count.
        int afterLoss = Math.Min(resets.UnNated.Count, entries.UnNated.Count);
        int otherLosses = Math.Clamp(entries.LostTotal - newBackend - afterLoss, 0, resets.UnNated.Count - afterLoss);
        int expiries = entries.LostFor(LossCause.Timeout);
        // An expiry usually breaks nothing. A deletion or eviction without a trace of its consequence leaves it open.
        int removed = Math.Clamp(entries.LostTotal - expiries - newBackend - afterLoss, 0, otherLosses);
        int unclear = loose switch { null => otherLosses, true => removed, false => 0 };
        afterLoss += loose == false ? otherLosses : 0;
        int lost = entries.LostTotal - ended, broken = afterLoss + byPods;
        int expired = Share(afterLoss, broken, expiries, lost);
        int expiredMoved = Share(byPods, byPods, expiries - expired, lost - afterLoss);
        // An entry of which the end was not observed, or has no known cause, may have expired as well as been deleted. One loss can lead
        // to resets of each kind: of the client by the new backend, and of the former pod by the client, again for each segment that it
        // sends. So where all losses that were seen are deletions, all of these resets are theirs.
        int known = lost - expiries - entries.LostFor(LossCause.None);
        bool onlyDeletions = known > 0 && known == lost;
        bool isKnown = onlyDeletions || known + expiries >= Math.Max(lost, Math.Max(afterLoss, byPods));
        int most = onlyDeletions ? int.MaxValue : known;
        int deleted = isKnown ? Math.Min(afterLoss - expired, most) : Math.Min(afterLoss - expired, Share(afterLoss, broken, known, lost));
        int moved = isKnown ? Math.Min(byPods - expiredMoved, most) : Math.Min(byPods - expiredMoved, Share(byPods, broken - afterLoss, known - deleted, lost - afterLoss));
        return new ResetAttribution(
            resets.UnNated.Count - afterLoss - unclear, deleted, expired, moved, expiredMoved, ended, unclear, afterLoss - expired - deleted, byPods - expiredMoved - moved);
    }

    // Not every loss breaks a connection. Where there are more losses than resets, which of them broke one is unknown: divide in proportion.
    private static int Share(int resets, int broken, int ofCause, int lost) =>
        ofCause <= 0 || resets == 0 ? 0
        : lost <= broken || ofCause >= lost ? Math.Min(resets, ofCause)
        : Math.Min(ofCause, (int)Math.Round((double)resets * ofCause / lost));
}
