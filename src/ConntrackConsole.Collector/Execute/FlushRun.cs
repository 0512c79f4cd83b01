using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Netlink;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Execute;

/// <summary>
/// Deletes a list of entries, each by its own message: deleted = listed ∩ still there ∩ not alive. They go in chunks, so that
/// what is known of an entry is a millisecond old when it is deleted.
/// </summary>
internal static class FlushRun
{
    private const int MostErrors = 10;
    private const int Chunk = 128;

    /// <param name="Remaining">Entries found by the dump afterwards; -1 where that dump failed.</param>
    public sealed record Outcome(int Deleted, int AlreadyGone, int Alive, int Failed, int Remaining, IReadOnlyList<string> Errors);

    /// <summary>Every entry whose answers come from the address: where a pod's IP stands in a Service's flow.</summary>
    public static List<Flow> List(ConntrackTable table, Ip podIp) => table.ListByReplySource(podIp);

    public static Outcome Run(ConntrackTable table, IReadOnlyList<Flow> listed, Ip podIp, uint unacknowledgedSeconds)
    {
        int deleted = 0, alreadyGone = 0, alive = 0, failed = 0;
        var errors = new List<string>();
        var now = new Flow?[Chunk];
        var keys = new FlowKey[Chunk];
        var entries = new Flow[Chunk];
        var results = new Errno[Chunk];
        for (int start = 0; start < listed.Count; start += Chunk)
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
                    // Gone, or another entry took its place: that one was not shown.
                    if (now[index] is not { } there || there.Id != entry.Id || there.Orig != entry.Orig)
                    {
                        alreadyGone++;
                    }
                    else if (IsAlive(in entry, in there, unacknowledgedSeconds))
                    {
                        alive++;
                    }
                    else
                    {
                        entries[wanted] = entry;
                        keys[wanted++] = entry.Key;
                    }
                }

                table.Delete(keys.AsSpan(0, wanted), results.AsSpan(0, wanted));
            }
            catch (NetlinkException failure)
            {
                // Which of this chunk were deleted is not known; the dump below tells what is left.
                failed += wanted == 0 ? count : wanted;
                Say(failure.Message);
                continue;
            }

            for (int index = 0; index < wanted; index++)
            {
                switch (results[index])
                {
                    case Errno.Ok:
                        deleted++;
                        break;
                    case Errno.ENOENT:
                        alreadyGone++;
                        break;
                    default:
                        failed++;
                        Say($"{entries[index].Orig}: {results[index].Describe()}.");
                        break;
                }
            }
        }

        int remaining = -1;
        try
        {
            remaining = List(table, podIp).Count;
        }
        catch (NetlinkException failure)
        {
            errors.Add($"What is left is unknown: {failure.Message}");
        }

        return new Outcome(deleted, alreadyGone, alive, failed, remaining, errors);

        void Say(string sentence)
        {
            if (errors.Count < MostErrors)
                errors.Add(sentence);
        }
    }

    // Only an acknowledged segment sets the timeout back to the established one, so a timeout that rose above the
    // unacknowledged one since the listing proves that the backend has just answered.
    private static bool IsAlive(in Flow listed, in Flow now, uint unacknowledgedSeconds) =>
        now.Orig.Proto == Protocols.Tcp && now.State == FlowState.Established
        && now.TimeoutSeconds > unacknowledgedSeconds && now.TimeoutSeconds > listed.TimeoutSeconds;
}
