using System.Diagnostics;
using System.Globalization;
using ConntrackConsole.Collector.Journal;
using ConntrackConsole.Collector.Observation.Flows;
using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Netlink;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Commands.Flush;

/// <summary>Deletes a list and journals it. The caller holds the lock (<see cref="TryLock"/>) and has checked everything.</summary>
/// <param name="node">The node's name.</param>
/// <param name="journal">Durable before the first deletion.</param>
/// <param name="own">Receives the netlink port of the deletions, so that they are not attributed to another program.</param>
/// <param name="perSecond">As <see cref="DeletionRateLimiter"/>.</param>
/// <param name="proc">Normally /proc: where IPVS's table is.</param>
internal sealed class FlushExecutor(
    string node, ActionJournal journal, OwnNetlinkPorts? own = null, int perSecond = DeletionRateLimiter.DefaultPerSecond, string proc = "/proc")
{
    public FileLock? TryLock(TimeSpan wait, CancellationToken stop = default) => FileLock.TryTake(journal.StateDirectory, "flush", wait, stop);

    /// <param name="list">The previewed list.</param>
    /// <param name="begin">User and reason; the rest is set here.</param>
    /// <param name="owner">Current state of the address's owner.</param>
    /// <param name="unacknowledgedSeconds">As <see cref="EntryDeleter.Run"/>.</param>
    /// <param name="stop">Stops between two chunks.</param>
    /// <param name="leftOut">Takes what the flush leaves out.</param>
    public FlushResult Run(
        FlushList list, JournalLine begin, OwnerState owner, uint unacknowledgedSeconds, CancellationToken stop, LeftOutEntries? leftOut = null)
    {
        leftOut ??= new LeftOutEntries(list);
        long started = Stopwatch.GetTimestamp();
        string actionId = begin.ActionId!;
        try
        {
            bool first = journal.TryBegin(begin with
            {
                Kind = JournalKind.Flush, Target = list.PodIp.ToString(), Before = list.Flows.Count.ToString(CultureInfo.InvariantCulture),
                Preset = list.Filter.Preset.ToString(), Scope = list.Filter.Scope, Owner = list.Owner.ToString(),
            });
            if (!first)
                return Refused(node, actionId, new(NodeReasons.DuplicateId, "An action with this id already began or was fenced: send a new command."));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return Refused(node, actionId, new(NodeReasons.JournalUnwritable, $"The journal cannot be written, so nothing was done: {failure.Message}"));
        }

        EntryDeleter.Outcome outcome;
        int? confirmed = null;
        try
        {
            using var table = ConntrackTable.Open();
            own?.Add(table.PortId);
            // An entry that was safe when listed may have been answered since.
            Func<Flow, bool>? stillWanted = list.Filter.Preset == FlushPreset.Safe ? flow => list.Filter.Matches(in flow, owner) : null;
            outcome = EntryDeleter.Run(
                table, list.Flows, list.PodIp, list.Filter.Preset == FlushPreset.All ? uint.MaxValue : unacknowledgedSeconds, stillWanted, perSecond, leftOut.Take, stop);
            confirmed = Witnessed(table.PortId, outcome.Deleted);
        }
        catch (NetlinkException failure)
        {
            outcome = new EntryDeleter.Outcome(0, 0, 0, list.Flows.Count, -1, [failure.Message], new string('F', list.Flows.Count));
        }

        // What no deletion of entries ends must not look like a success.
        var ipvs = IpvsImpact.TryRead(list.PodIp, list.Filter, proc)?.Summary;
        bool partial = outcome.Failed > 0 || outcome.Remaining < 0 || outcome.EntryOutcomes.Contains(EntryDeleter.NotReached, StringComparison.Ordinal);
        var result = new FlushResult(
            actionId, node, list.Flows.Count, outcome.Deleted, outcome.AlreadyGone, outcome.Alive, outcome.Failed, outcome.Remaining, null,
            outcome.Errors, (long)Stopwatch.GetElapsedTime(started).TotalMilliseconds, outcome.EntryOutcomes, Witnessed: confirmed,
            Code: partial ? NodeReasons.PartialDeletion : ipvs is { OutlivesFlush: true } ? FlushReasons.IpvsKeeps : null, Ipvs: ipvs);
        return End(result, [.. list.Flows.Where((_, index) => outcome.EntryOutcomes[index] == EntryDeleter.Deleted).Select(flow => FlowEntries.Of(in flow))]);
    }

    /// <summary>The result of a flush that began; waits for one that is still running. Null if it never began.</summary>
    public FlushResult? Recall(string actionId, TimeSpan wait)
    {
        if (journal.Find(actionId) is not { } act)
            return null;
        if (act.End is null)
        {
            using var fileLock = TryLock(wait);
            if (fileLock is null)
                return Unsure(act, -1, NodeReasons.Running, "It is still running: query again.");
            ResolveInterrupted();
        }

        return act.End?.Flush ?? Refused(node, actionId, new(NodeReasons.KindMismatch, "The action with this id was not a flush."));
    }

    /// <summary>
    /// Ends interrupted flushes in the journal with what is known: the entries that exist now and that the flush selects; all entries
    /// of the address if its begin line is an older version's. Needs the lock, so that none of them is running.
    /// </summary>
    public void ResolveInterrupted()
    {
        foreach (var act in journal.Where(act => act.End is null && act.Begin.Kind == JournalKind.Flush))
        {
            int remaining = -1;
            bool isScoped = FlushFilter.TryParse(act.Begin, out var filter, out var owner);
            IpvsConnectionSummary? ipvs = null;
            try
            {
                using var table = ConntrackTable.Open();
                if (Ip.TryParse(act.Begin.Target, out var podIp))
                {
                    remaining = EntryDeleter.List(table, podIp).Count(flow => filter?.Matches(in flow, owner) ?? true);
                    ipvs = IpvsImpact.TryRead(podIp, filter ?? FlushFilter.Everything, proc)?.Summary;
                }
            }
            catch (NetlinkException)
            {
                // -1 means unknown.
            }

            string sentence = "It was interrupted: the collector ended during the flush."
                + (isScoped ? "" : " Its preset and scope are not in the journal, so all entries of the address are counted.");
            End(Unsure(act, remaining, NodeReasons.Interrupted, sentence) with { RemainingIsScoped = isScoped, Ipvs = ipvs }, null);
        }
    }

    // The dump is the proof; DESTROY events only confirm it, and not all entries emit them, so the wait is short.
    private int? Witnessed(uint portId, int deleted)
    {
        if (own is null)
            return null;
        SpinWait.SpinUntil(() => own.DestroyCount(portId) >= deleted, TimeSpan.FromMilliseconds(200));
        return own.DestroyCount(portId);
    }

    public static FlushResult Refused(string node, string? actionId, Reason why) =>
        new(actionId ?? "", node, 0, 0, 0, 0, 0, 0, why.Message, [], 0, Code: why.Code);

    private FlushResult Unsure(JournaledAction act, int remaining, string code, string sentence) => new(
        act.ActionId, node, int.TryParse(act.Begin.Before, CultureInfo.InvariantCulture, out int listed) ? listed : 0,
        0, 0, 0, 0, remaining, null, [sentence], 0, "", Unsure: true, Code: code);

    private FlushResult End(FlushResult result, IReadOnlyList<FlowEntry>? deleted)
    {
        try
        {
            journal.End(result.ActionId, flush: result, deleted: deleted);
            return result;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return result with { Errors = [.. result.Errors, $"The end line of the journal could not be written: {failure.Message}"] };
        }
    }
}
