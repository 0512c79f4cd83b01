using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Netlink;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Commands.Flush;

/// <summary>
/// Deletes a list of entries, each by its own message: deleted = listed ∩ still present ∩ not alive. Works in chunks, so that an
/// entry is checked about a millisecond before it is deleted.
/// </summary>
internal static class EntryDeleter
{
    private const int MaxErrors = 10;
    private const int Chunk = 128;
    private const char Gone = 'G', Alive = 'A', Failed = 'F';

    /// <summary>Outcome of an entry that was deleted.</summary>
    public const char Deleted = 'D';

    /// <summary>Outcome of an entry that was not processed.</summary>
    public const char NotReached = 'N';

    /// <param name="Remaining">Entries of the flush found by the dump afterwards; -1 if that dump failed.</param>
    /// <param name="EntryOutcomes">As <see cref="FlushResult.EntryOutcomes"/>.</param>
    public sealed record Outcome(
        int Deleted, int AlreadyGone, int Alive, int Failed, int Remaining, IReadOnlyList<string> Errors, string EntryOutcomes = "");

    /// <summary>All entries with the address as reply source, which is the pod's IP in a Service's flow.</summary>
    /// <summary>The entries to an address; those that the deletion does not affect (a kubelet's probes leave many TIME_WAIT) last.</summary>
    public static List<Flow> List(ConntrackTable table, Ip podIp) =>
        [.. table.ListByReplySource(podIp).OrderByDescending(flow => flow.IsTranslated && flow.State.IsLive())];

    /// <param name="table">The socket that sends the deletions.</param>
    /// <param name="listed">The previewed entries.</param>
    /// <param name="podIp">The pod's address.</param>
    /// <param name="unacknowledgedSeconds">An established entry with a longer timeout has just been acknowledged.</param>
    /// <param name="stillWanted">Checked for each entry in its current state; null = delete in any state.</param>
    /// <param name="perSecond">As <see cref="DeletionRateLimiter"/>.</param>
    /// <param name="remain">Counts, of the entries of the address that the dump afterwards finds, those of this flush; null = all.</param>
    /// <param name="stop">Stops between two chunks.</param>
    public static Outcome Run(
        ConntrackTable table, IReadOnlyList<Flow> listed, Ip podIp, uint unacknowledgedSeconds, Func<Flow, bool>? stillWanted = null,
        int perSecond = 0, Func<IReadOnlyList<Flow>, int>? remain = null, CancellationToken stop = default)
    {
        char[] outcomes = new char[listed.Count];
        Array.Fill(outcomes, NotReached);
        var errors = new List<string>();
        var now = new Flow?[Chunk];
        var keys = new FlowKey[Chunk];
        int[] places = new int[Chunk];
        var results = new Errno[Chunk];
        var rateLimiter = new DeletionRateLimiter(perSecond);
        for (int start = 0; start < listed.Count && rateLimiter.Wait(Math.Min(Chunk, listed.Count - start), stop); start += Chunk)
        {
            int count = Math.Min(Chunk, listed.Count - start);
            int wanted = 0;
            try
            {
                for (int index = 0; index < count; index++)
                    keys[index] = listed[start + index].Key;
                table.Get(keys.AsSpan(0, count), now.AsSpan(0, count));
                for (int index = 0; index < count; index++)
                {
                    var entry = listed[start + index];
                    // Gone, or replaced by another entry, which was not previewed.
                    if (now[index] is not { } there || there.Id != entry.Id || there.Orig != entry.Orig)
                    {
                        outcomes[start + index] = Gone;
                    }
                    else if (IsAlive(in entry, in there, unacknowledgedSeconds) || stillWanted?.Invoke(there) == false)
                    {
                        outcomes[start + index] = Alive;
                    }
                    else
                    {
                        places[wanted] = start + index;
                        keys[wanted++] = entry.Key;
                    }
                }

                table.Delete(keys.AsSpan(0, wanted), results.AsSpan(0, wanted));
            }
            catch (NetlinkException failure)
            {
                // Which of this chunk were deleted is unknown; the dump below finds what remains.
                outcomes.AsSpan(start, count).Replace(NotReached, Failed);
                AddError(failure.Message);
                continue;
            }

            for (int index = 0; index < wanted; index++)
            {
                outcomes[places[index]] = results[index] switch
                {
                    Errno.Ok => Deleted,
                    Errno.ENOENT => Gone,
                    _ => Failed,
                };
                if (outcomes[places[index]] == Failed)
                    AddError($"{listed[places[index]].Orig}: {results[index].Describe()}.");
            }
        }

        int remaining = -1;
        try
        {
            var standing = List(table, podIp);
            remaining = remain?.Invoke(standing) ?? standing.Count;
        }
        catch (NetlinkException failure)
        {
            errors.Add($"The remaining entries are unknown: {failure.Message}");
        }

        return new Outcome(Count(Deleted), Count(Gone), Count(Alive), Count(Failed), remaining, errors, new string(outcomes));

        int Count(char outcome) => outcomes.AsSpan().Count(outcome);

        void AddError(string sentence)
        {
            if (errors.Count < MaxErrors)
                errors.Add(sentence);
        }
    }

    // Only an acknowledged segment resets the timeout to the established value, so a timeout that rose above the unacknowledged
    // value since the listing proves that the backend has just answered.
    private static bool IsAlive(in Flow listed, in Flow now, uint unacknowledgedSeconds) =>
        now.Orig.Proto == Protocols.Tcp && now.State == FlowState.Established
        && now.TimeoutSeconds > unacknowledgedSeconds && now.TimeoutSeconds > listed.TimeoutSeconds;
}
