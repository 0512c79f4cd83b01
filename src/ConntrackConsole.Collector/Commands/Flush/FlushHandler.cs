using ConntrackConsole.Collector.Journal;
using ConntrackConsole.Collector.Observation.Flows;
using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Netlink;
using ConntrackConsole.Kernel.Proc;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Commands.Flush;

/// <summary>
/// Handles previews and flushes of the console. The list of a preview is kept here; a flush refers to it by id and digest and
/// consumes it, so that only previewed entries are deleted and nothing runs twice. All input is untrusted.
/// </summary>
/// <param name="node">The node's name.</param>
/// <param name="time">The clock.</param>
/// <param name="journal">Written before each action.</param>
/// <param name="sysctl">The node's settings.</param>
/// <param name="own">As in <see cref="FlushExecutor"/>.</param>
/// <param name="observeOnly">If the node is observe-only, the refusal of every request; otherwise null.</param>
/// <param name="consoleNowMs">Now, by the console's clock; null = use this node's clock.</param>
/// <param name="perSecond">As <see cref="DeletionRateLimiter"/>.</param>
/// <param name="flushed">Follows the connections of its flushes.</param>
/// <param name="proc">Normally /proc: where IPVS's table is.</param>
internal sealed class FlushHandler(
    string node, TimeProvider time, ActionJournal journal, Sysctl sysctl, OwnNetlinkPorts? own = null, Reason? observeOnly = null,
    Func<long>? consoleNowMs = null, int perSecond = DeletionRateLimiter.DefaultPerSecond, FlushedConnections? flushed = null, string proc = "/proc")
{
    // An ownership statement expires during the wait, so a longer one is useless.
    private static readonly TimeSpan LockTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RunTimeout = TimeSpan.FromSeconds(30);

    private readonly PreviewLists _lists = new();
    private readonly FlushOutcomeTracker _outcomes = new(node, time, flushed ?? new FlushedConnections(), proc);
    private readonly FlushExecutor _executor = new(node, journal, own, perSecond, proc);
    private volatile string? _running;

    public FlushPreview Preview(PreviewRequest? request)
    {
        long now = NowMs;
        if (observeOnly is not null)
            return Refused(observeOnly);
        if (NodeCommandGuard.RefuseId(request?.PreviewId) is not null)
            return Refused(new(NodeReasons.InvalidId, "The preview's id is invalid."));
        bool valid = FlushFilter.TryParse(request!.Preset, request.Scope, out var filter, out var invalid);
        var refusal = NodeFlushGuard.RefuseAddress(request.PodIp, OwnAddresses.Read(), out var podIp)
            ?? NodeFlushGuard.RefuseStatement(request.Ownership, podIp, now, valid ? filter : null) ?? invalid;
        if (refusal is not null)
            return Refused(refusal);
        if (!NodeSettings.TryRead(sysctl, out var settings, out string? unreadable))
            return Refused(new(NodeReasons.SettingsUnreadable, unreadable));
        var owner = request.Ownership.State;
        List<Flow> flows;
        int leftOut;
        try
        {
            using var table = ConntrackTable.Open();
            flows = EntryDeleter.List(table, podIp);
            leftOut = flows.RemoveAll(flow => !filter.Matches(in flow, owner));
        }
        catch (NetlinkException failure)
        {
            return Refused(new(NodeReasons.Netlink, failure.Message));
        }

        if (NodeFlushGuard.RefuseCount(flows.Count, approved: true) is { } tooMany)
            return Refused(tooMany);
        var ipvs = IpvsImpact.TryRead(podIp, filter, proc);
        string digest = FlowEntries.Digest(podIp, filter, flows);
        if (!_lists.TryAdd(request.PreviewId, new FlushList(podIp, filter, owner, flows, digest, now)))
            return Refused(new(FlushReasons.PreviewExists, "A preview with this id already exists."));
        return new FlushPreview(
            request.PreviewId, node, digest,
            [.. flows.Select(flow => FlowEntries.Of(in flow, ipvs?.Of(in flow, owner) ?? EffectPrediction.Of(in flow, owner, settings.TcpLoose)))],
            now + PreviewLists.TtlMs, null, settings.TcpLoose, leftOut, Ipvs: ipvs?.Summary);

        FlushPreview Refused(Reason why) => new(request?.PreviewId ?? "", node, "", [], now, why.Message, true, RefusalCode: why.Code);
    }

    public FlushResult Flush(FlushNodeCommand? request, CancellationToken stop = default)
    {
        string? actionId = request?.Command?.ActionId;
        if ((observeOnly ?? NodeCommandGuard.RefuseId(actionId)) is { } refused)
            return FlushExecutor.Refused(node, actionId, refused);
        if (Recall(actionId!) is { } earlier)
            return earlier;
        try
        {
            using var fileLock = _executor.TryLock(LockTimeout, stop);
            if (fileLock is null)
            {
                return FlushExecutor.Refused(node, actionId, new(FlushReasons.Busy, $"Another flush{(_running is { } other ? $" ({other})" : "")} is still running on this node. "
                    + "Nothing was done: retry when it has finished."));
            }

            // The same command may have arrived over another connection meanwhile, or was interrupted in another process.
            _executor.ResolveInterrupted();
            if (Recall(actionId!) is { } meanwhile)
                return meanwhile;
            _running = $"{actionId} of {request!.Command.Who}";
            return Execute(request, stop);
        }
        catch (IOException failure)
        {
            return FlushExecutor.Refused(node, actionId, new(NodeReasons.JournalUnwritable, $"The state directory cannot be used, so nothing was done: {failure.Message}"));
        }
        finally
        {
            if (_running?.StartsWith(actionId + " ", StringComparison.Ordinal) == true)
                _running = null;
        }
    }

    /// <summary>The result of a flush that began, or null.</summary>
    public FlushResult? Recall(string actionId) => _executor.Recall(actionId, RunTimeout);

    public FlushOutcomeSample ReadOutcome(FlushOutcomeRequest? request) => _outcomes.Read(request?.ActionId ?? "");

    /// <summary>Called once per second: resolves flushes that were interrupted by a crash or in another process.</summary>
    public void Tick()
    {
        if (journal.Where(act => act.End is null && act.Begin.Kind == JournalKind.Flush).Count == 0)
            return;
        using var fileLock = _executor.TryLock(TimeSpan.Zero);
        if (fileLock is not null)
            _executor.ResolveInterrupted();
    }

    private FlushResult Execute(FlushNodeCommand request, CancellationToken stop)
    {
        long now = NowMs;
        var command = request.Command;
        if (NodeCommandGuard.Refuse(command, consoleNowMs?.Invoke() ?? now) is { } noOrder)
            return Refused(noOrder);
        if (journal.IsFenced(command.ActionId))
            return Refused(new(NodeReasons.Fenced, "The console queried this action before it arrived and was answered that it never began: send a new command."));
        if (_lists.Find(request.PreviewId, now) is not { } list)
            return Refused(new(FlushReasons.PreviewGone, "This node has no such preview (already used, older than 15 minutes, or lost in a restart of the collector): refresh the preview."));
        if (!string.Equals(list.Digest, request.Digest, StringComparison.Ordinal))
            return Refused(new(FlushReasons.DigestMismatch, "The digest does not match the preview."));
        bool approved = command.ApprovedBy is not null;
        var refusal = NodeFlushGuard.RefuseAddress(list.PodIp.ToString(), OwnAddresses.Read(), out _)
            ?? NodeFlushGuard.RefuseStatement(request.Ownership, list.PodIp, now, list.Filter)
            ?? NodeFlushGuard.RefuseAge(now - list.PreviewedAtMs, approved)
            ?? NodeFlushGuard.RefuseCount(list.Flows.Count, approved)
            ?? NodeFlushGuard.RefusePreset(list.Filter.Preset, request.Ownership.State, command.BreakGlass);
        if (refusal is not null)
            return Refused(refusal);
        if (!NodeSettings.TryRead(sysctl, out var settings, out string? unreadable))
            return Refused(new(NodeReasons.SettingsUnreadable, unreadable));
        _lists.Remove(request.PreviewId);
        var begin = new JournalLine
        {
            Phase = JournalPhase.Begin, At = time.GetUtcNow(), ActionId = command.ActionId, Origin = JournalOrigin.Console,
            Who = command.Who, ApprovedBy = command.ApprovedBy, Reason = command.Reason,
        };
        return _outcomes.Track(list, leftOut => _executor.Run(list, begin, request.Ownership.State, settings.UnacknowledgedSeconds, stop, leftOut));

        FlushResult Refused(Reason why) => FlushExecutor.Refused(node, command.ActionId, why);
    }

    private long NowMs => time.GetUtcNow().ToUnixTimeMilliseconds();
}
