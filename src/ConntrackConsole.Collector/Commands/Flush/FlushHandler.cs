
using ConntrackConsole.Collector.Commands.Settings;
using ConntrackConsole.Collector.Host;
using ConntrackConsole.Collector.Journal;
using ConntrackConsole.Collector.Observation.Flows;
using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Netlink;
using ConntrackConsole.Kernel.Proc;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Commands.Flush;

/// <summary>
/// Answers the console's previews and flushes. The list of a preview stays here; a flush names it by id and digest and uses
/// it up, so nothing that was not shown is deleted and nothing runs twice. Everything that comes in is taken for hostile.
/// </summary>
/// <param name="node">The node's name.</param>
/// <param name="time">The clock.</param>
/// <param name="journal">Written before each act.</param>
/// <param name="sysctl">The node's settings.</param>
/// <param name="own">As in <see cref="FlushExecutor"/>.</param>
/// <param name="observeOnly">The reason of <see cref="ObserveOnly"/> with which everything is refused, or null.</param>
/// <param name="consoleNowMs">Now, by the console's clock; null = by this node's.</param>
/// <param name="perSecond">As <see cref="DeletionRateLimiter"/>.</param>
internal sealed class FlushHandler(
    string node, TimeProvider time, ActionJournal journal, Sysctl sysctl, OwnNetlinkPorts? own = null, Reason? observeOnly = null,
    Func<long>? consoleNowMs = null, int perSecond = DeletionRateLimiter.Usual)
{
    // A statement of ownership is not younger after the wait, so a longer one is in vain.
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestRun = TimeSpan.FromSeconds(30);

    private readonly PreviewLists _lists = new();
    private readonly FlushOutcomeTracker _meter = new(node, time);
    private readonly FlushExecutor _act = new(node, journal, own, perSecond);
    private volatile string? _running;

    public FlushPreview Preview(PreviewRequest? request)
    {
        long now = NowMs;
        if (observeOnly is not null)
            return Refused(observeOnly);
        if (NodeCommandGuard.RefuseId(request?.PreviewId) is not null)
            return Refused(new(NodeReasons.InvalidId, "The preview's id is no id."));
        var refusal = FlushGuard.RefuseAddress(request!.PodIp, OwnAddresses.Read(), out var podIp)
            ?? FlushGuard.RefuseStatement(request.AddressOwnership, podIp, now);
        if (refusal is not null || !FlushFilter.TryParse(request.Preset, request.Scope, out var choice, out refusal))
            return Refused(refusal!);
        if (!NodeSettings.TryRead(sysctl, out var settings, out string? unreadable))
            return Refused(new(NodeReasons.SettingsUnreadable, unreadable));
        var owner = request.AddressOwnership.State;
        List<Flow> flows;
        int leftOut;
        try
        {
            using var table = ConntrackTable.Open();
            flows = EntryDeleter.List(table, podIp);
            leftOut = flows.RemoveAll(flow => !choice.Takes(in flow, owner));
        }
        catch (NetlinkException failure)
        {
            return Refused(new(NodeReasons.Netlink, failure.Message));
        }

        if (FlushGuard.RefuseCount(flows.Count, approved: true) is { } tooMany)
            return Refused(tooMany);
        string digest = FlowEntries.Digest(podIp, choice, flows);
        if (!_lists.TryKeep(request.PreviewId, new FlushList(podIp, choice, flows, digest, now)))
            return Refused(new(FlushReasons.PreviewExists, "A preview with this id exists already."));
        return new FlushPreview(
            request.PreviewId, node, digest,
            [.. flows.Select(flow => FlowEntries.Of(in flow, EffectPrediction.Of(in flow, owner, settings.TcpLoose)))],
            now + PreviewLists.LifeMs, null, settings.TcpLoose, leftOut);

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
            using var turn = _act.TryLock(LongestWait, stop);
            if (turn is null)
            {
                return FlushExecutor.Refused(node, actionId, new(FlushReasons.Busy, $"Another flush{(_running is { } other ? $" ({other})" : "")} still runs on this node, one at a time. "
                    + "Nothing was done: order this one again when it has ended."));
            }

            // The same order may have come over another connection meanwhile, or was cut off in another process.
            _act.Settle();
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

    /// <summary>The result of a flush that began once, or null.</summary>
    public FlushResult? Recall(string actionId) => _act.Recall(actionId, LongestRun);

    public FlushOutcomeSample Meter(FlushOutcomeRequest? request) => _meter.Read(request?.ActionId ?? "");

    /// <summary>Once a second: ends in the journal what was cut off, by a crash or in another process.</summary>
    public void Tick()
    {
        if (journal.Where(act => act.End is null && act.Begin.Kind == JournalKind.Flush).Count == 0)
            return;
        using var turn = _act.TryLock(TimeSpan.Zero);
        if (turn is not null)
            _act.Settle();
    }

    private FlushResult Execute(FlushNodeCommand request, CancellationToken stop)
    {
        long now = NowMs;
        var order = request.Command;
        if (NodeCommandGuard.Refuse(order, consoleNowMs?.Invoke() ?? now) is { } noOrder)
            return Refused(noOrder);
        if (journal.IsFenced(order.ActionId))
            return Refused(new(NodeReasons.Fenced, "The console asked what became of this action before it came, and was told that it never began: order anew."));
        if (_lists.Find(request.PreviewId, now) is not { } list)
            return Refused(new(FlushReasons.PreviewGone, "No such list on this node (used, older than 15 minutes, or the collector restarted): look at a new one."));
        if (!string.Equals(list.Digest, request.Digest, StringComparison.Ordinal))
            return Refused(new(FlushReasons.DigestMismatch, "The digest is not that of the list which was shown."));
        bool approved = order.ApprovedBy is not null;
        var refusal = FlushGuard.RefuseAddress(list.PodIp.ToString(), OwnAddresses.Read(), out _)
            ?? FlushGuard.RefuseStatement(request.AddressOwnership, list.PodIp, now)
            ?? FlushGuard.RefuseAge(now - list.PreviewedAtMs, approved)
            ?? FlushGuard.RefuseCount(list.Flows.Count, approved)
            ?? FlushGuard.RefusePreset(list.Choice.Preset, request.AddressOwnership.State, order.BreakGlass);
        if (refusal is not null)
            return Refused(refusal);
        if (!NodeSettings.TryRead(sysctl, out var settings, out string? unreadable))
            return Refused(new(NodeReasons.SettingsUnreadable, unreadable));
        _lists.UseUp(request.PreviewId);
        var begin = new JournalLine
        {
            Phase = JournalPhase.Begin, At = time.GetUtcNow(), ActionId = order.ActionId, Origin = JournalOrigin.Console,
            Who = order.Who, ApprovedBy = order.ApprovedBy, Reason = order.Reason,
        };
        var result = _act.Run(list, begin, request.AddressOwnership.State, settings.UnacknowledgedSeconds, stop);
        if (result.Refusal is null)
            _meter.Keep(result, list);
        return result;

        FlushResult Refused(Reason why) => FlushExecutor.Refused(node, order.ActionId, why);
    }

    private long NowMs => time.GetUtcNow().ToUnixTimeMilliseconds();
}
