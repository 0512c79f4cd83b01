using ConntrackConsole.Collector.Journal;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Commands.Settings;

/// <summary>
/// Reads and changes settings for the console, and reverts each change: automatically when it expires, even after restarts, or on
/// command. All input is untrusted.
/// </summary>
/// <param name="node">The node's name.</param>
/// <param name="time">The clock.</param>
/// <param name="journal">Written before each action; contains the open changes.</param>
/// <param name="values">The kernel's values.</param>
/// <param name="bootId">The kernel's boot id.</param>
/// <param name="proxy">Last reading of kube-proxy.</param>
/// <param name="observeOnly">If the node is observe-only, the refusal of every request; otherwise null.</param>
/// <param name="consoleNowMs">Now, by the console's clock; null = use this node's clock.</param>
/// <param name="log">Receives what a user must decide.</param>
internal sealed class SettingHandler(
    string node, TimeProvider time, ActionJournal journal, SettingValues values, string bootId, Func<ProxyReading?> proxy,
    Reason? observeOnly = null, Func<long>? consoleNowMs = null, TextWriter? log = null)
{
    private const int MaxNotExecuted = 1000;
    private static readonly TimeSpan LockTimeout = TimeSpan.FromSeconds(5);

    private readonly SettingExecutor _executor = new(node, time, journal, values, bootId);
    // A change that could not be reverted is retried with backoff and without limit.
    private readonly Dictionary<string, Backoff> _retries = [];
    private readonly Lock _lock = new();
    private readonly Dictionary<string, SettingResult> _notExecuted = [];
    private readonly Queue<string> _notExecutedOrder = new();

    /// <summary>Changes that are in force here.</summary>
    public int OpenCount => _executor.Open.Count;

    /// <summary>Whether a change of this setting is open.</summary>
    public bool IsOpen(string key) => _executor.Open.Any(act => act.Begin.Target == key);

    public SettingReading Read(SettingRequest? request)
    {
        string actionId = request?.ActionId is { Length: <= NodeCommandGuard.MaxText } id ? id : "";
        if (observeOnly is not null)
            return Answer("", null, observeOnly);
        if (SettingCatalog.Find(request?.Key) is not { } kind)
            return Answer(QuotedText.Truncate(request?.Key), null, Unknown(request?.Key));
        if (!values.TryRead(kind, out string? value, out string? unreadable))
            return Answer(kind.Key, null, new(SettingReasons.Unreadable, unreadable));
        var open = _executor.Open.FirstOrDefault(act => act.Begin.Target == kind.Key)?.Open();
        var refusal = values.Refuse(kind) ?? (open is null ? null : NodeSettingGuard.RefuseOpen(open))
            ?? NodeSettingGuard.Refuse(kind, request!.Value, value, values.Memory);
        return Answer(kind.Key, value, refusal) with { Open = open, Detail = values.Detail(kind) };

        SettingReading Answer(string key, string? value, Reason? refusal) => new(actionId, node, key, value, refusal?.Message, null, null, refusal?.Code);
    }

    public SettingResult Apply(SettingNodeCommand? command, JournalOrigin origin = JournalOrigin.Console, CancellationToken stop = default) =>
        ExecuteOnce(command?.Command, command?.Key, () => Change(command!, origin), stop);

    public SettingResult Revert(RevertNodeCommand? command, JournalOrigin origin = JournalOrigin.Console, CancellationToken stop = default) =>
        ExecuteOnce(command?.Command, null, () =>
        {
            if (NodeCommandGuard.RefuseId(command!.ChangeId) is not null || journal.Find(command.ChangeId) is not { Begin.Kind: JournalKind.Setting } change)
                return Refused(command.Command, null, new(SettingReasons.UnknownChange, "This node has no change with that id: it was not made here, or the state directory was lost."));
            if (!IsProxyAsked(change) && !command.Command.BreakGlass)
                return Refused(command.Command, change.Begin.Target, new(SettingReasons.ProxyUnknown, "kube-proxy has not been queried yet since this collector started, and the revert depends on it: retry in a few seconds."));
            return change.IsOpenChange
                ? _executor.Revert(Begin(command.Command, origin), change, proxy(), command.Command.BreakGlass)
                : Refused(command.Command, change.Begin.Target, new(SettingReasons.NotOpen, $"The change is no longer open ({change.LastRevert ?? change.End?.Setting?.Outcome}): there is nothing to revert."));
        }, stop);

    /// <summary>The result of an action that began, or null.</summary>
    public SettingResult? Recall(string actionId) => _executor.Recall(actionId, LockTimeout);

    /// <summary>Called once per second: resolves interrupted actions and reverts changes that are due.</summary>
    public void Tick() => RevertDue(_ => true);

    /// <summary>
    /// Ends filters that the kernel has disarmed, and removes their empty table: called at the start of commands, because on a node
    /// without a daemon nothing else would.
    /// </summary>
    public void RemoveExpiredFilter() => RevertDue(act => act.Begin.Target == SettingCatalog.DropInvalid);

    private void RevertDue(Func<JournaledAction, bool> wanted)
    {
        var now = time.GetUtcNow();
        long nowMs = now.ToUnixTimeMilliseconds();
        bool isCutOff = journal.Where(act => act.End is null && act.Begin.Kind != JournalKind.Flush).Count > 0;
        // A withheld revert waits for a user; retrying it every second would only repeat the message.
        var due = observeOnly is not null ? [] : _executor.Open.Where(wanted).Where(act =>
            act.Begin.BootId != bootId
            || (act.Begin.RevertAtMs <= nowMs && act.LastRevert != SettingOutcome.Withheld && IsRetryDue(act.ActionId, now) && IsProxyAsked(act))).ToList();
        if (!isCutOff && due.Count == 0)
            return;
        using var fileLock = _executor.TryLock(TimeSpan.Zero);
        if (fileLock is null)
            return;
        _executor.ResolveInterrupted();
        foreach (var act in due.Where(act => act.IsOpenChange))
        {
            var begin = new JournalLine
            {
                Phase = JournalPhase.Begin, At = now, ActionId = Guid.CreateVersion7().ToString("N"), Origin = JournalOrigin.Timer,
                Who = node, Reason = $"The change by {act.Begin.Who} has expired.",
            };
            var result = _executor.Revert(begin, act, proxy(), breakGlass: false);
            if (result.Outcome is SettingOutcome.Failed or SettingOutcome.Refused)
                RetriesOf(act.ActionId).Failed(now);
            if (result.Outcome is not SettingOutcome.Reverted || result.Message is not null)
                log?.WriteLine($"Change of {result.Key} by the action {act.ActionId}: {result.Message}");
        }
    }

    private SettingResult ExecuteOnce(NodeCommand? command, string? key, Func<SettingResult> act, CancellationToken stop)
    {
        if ((observeOnly ?? NodeCommandGuard.RefuseId(command?.ActionId)) is { } refused)
            return Refused(command, key, refused);
        if (Earlier(command!.ActionId) is { } earlier)
            return earlier;
        try
        {
            using var fileLock = _executor.TryLock(LockTimeout, stop);
            if (fileLock is null)
                return Refused(command, key, new(SettingReasons.Busy, "Another setting change is still running on this node. Nothing was done: retry."));
            _executor.ResolveInterrupted(); // The interrupted action may be this command, or an open change.
            if (Earlier(command.ActionId) is { } meanwhile)
                return meanwhile;
            var refusal = NodeCommandGuard.Refuse(command, consoleNowMs?.Invoke() ?? time.GetUtcNow().ToUnixTimeMilliseconds())
                ?? (journal.IsFenced(command.ActionId)
                    ? new Reason(NodeReasons.Fenced, "The console queried this action before it arrived and was answered that it never began: send a new command.") : null);
            if (refusal is not null)
                return Refused(command, key, refusal);
            return act();
        }
        catch (IOException failure)
        {
            return Refused(command, key, new(NodeReasons.JournalUnwritable, $"The state directory cannot be used, so nothing was done: {failure.Message}"));
        }
    }

    private SettingResult Change(SettingNodeCommand command, JournalOrigin origin)
    {
        if (SettingCatalog.Find(command.Key) is not { } kind)
            return Refused(command.Command, command.Key, Unknown(command.Key));
        if ((kind.Refuse(command.Value) is { } wrong ? NodeSettingGuard.Refuse(kind, command.Value, "", null) ?? wrong : null) is { } notAllowed)
            return Refused(command.Command, kind.Key, notAllowed);
        if ((NodeSettingGuard.RefuseTime(kind, command.RevertAfterMs) ?? values.Refuse(kind)) is { } refusal)
            return Refused(command.Command, kind.Key, refusal);
        if (_executor.Open.FirstOrDefault(act => act.Begin.Target == kind.Key) is { } open)
            return Refused(command.Command, kind.Key, NodeSettingGuard.RefuseOpen(open.Open()));
        if (!values.TryRead(kind, out string? now, out string? unreadable))
            return Refused(command.Command, kind.Key, new(SettingReasons.Unreadable, unreadable));
        if (NodeSettingGuard.Refuse(kind, command.Value, now, values.Memory) is { } unfit)
            return Refused(command.Command, kind.Key, unfit);
        if (now == command.Value)
            return NotExecuted(SettingOutcome.Already, null);
        if (now != command.Previewed)
            return NotExecuted(SettingOutcome.Moved, $"{kind.Key} is now {now} and not {QuotedText.Truncate(command.Previewed)} as previewed: it was changed meanwhile. Refresh the preview.");
        return _executor.Change(Begin(command.Command, origin), kind, now, command.Value, command.RevertAfterMs);

        // Not journaled, because nothing began. Remembered, so that a repeated command does not act if the value changes back.
        SettingResult NotExecuted(SettingOutcome outcome, string? sentence)
        {
            var result = new SettingResult(command.Command.ActionId, node, kind.Key, outcome, now, now, null, sentence,
                outcome == SettingOutcome.Moved ? SettingReasons.Moved : null);
            lock (_lock)
            {
                if (_notExecuted.TryAdd(result.ActionId, result))
                    _notExecutedOrder.Enqueue(result.ActionId);
                if (_notExecutedOrder.Count > MaxNotExecuted)
                    _notExecuted.Remove(_notExecutedOrder.Dequeue());
            }

            return result;
        }
    }

    // An unreachable kube-proxy is a reading too; only a missing reading is not.
    private bool IsProxyAsked(JournaledAction act) => act.Begin is not { Target: SettingCatalog.BeLiberal, Before: "0" } || proxy() is not null;

    private SettingResult? Earlier(string actionId)
    {
        lock (_lock)
        {
            if (_notExecuted.TryGetValue(actionId, out var notExecuted))
                return notExecuted;
        }

        return Recall(actionId);
    }

    private JournalLine Begin(NodeCommand command, JournalOrigin origin) => new()
    {
        Phase = JournalPhase.Begin, At = time.GetUtcNow(), ActionId = command.ActionId, Origin = origin,
        Who = command.Who, ApprovedBy = command.ApprovedBy, Reason = command.Reason,
    };

    private SettingResult Refused(NodeCommand? command, string? key, Reason why) => SettingExecutor.Refused(node, command?.ActionId, QuotedText.Truncate(key), why);

    private static Reason Unknown(string? key) => new(SettingReasons.UnknownKey,
        $"'{QuotedText.Truncate(key)}' is not a setting that can be changed: {string.Join(", ", SettingCatalog.All.Select(kind => kind.Key))}.");

    private bool IsRetryDue(string changeId, DateTimeOffset now) => !_retries.TryGetValue(changeId, out var retries) || retries.IsDue(now);

    private Backoff RetriesOf(string changeId)
    {
        if (!_retries.TryGetValue(changeId, out var retries))
            _retries[changeId] = retries = new Backoff { Min = TimeSpan.FromSeconds(15), Max = TimeSpan.FromHours(1) };
        return retries;
    }
}
