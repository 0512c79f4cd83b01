
using ConntrackConsole.Collector.Commands.Flush;
using ConntrackConsole.Collector.Host;
using ConntrackConsole.Collector.Journal;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Commands.Settings;

/// <summary>
/// Answers the console's questions about settings, changes them, and sets each change back: at its time by itself, over restarts,
/// or by order. Everything that comes in is taken for hostile.
/// </summary>
/// <param name="node">The node's name.</param>
/// <param name="time">The clock.</param>
/// <param name="journal">Written before each act; what is open stands there.</param>
/// <param name="values">The kernel's values.</param>
/// <param name="bootId">This run of the kernel.</param>
/// <param name="proxy">What kube-proxy told last.</param>
/// <param name="observeOnly">The reason of <see cref="ObserveOnly"/> with which everything is refused, or null.</param>
/// <param name="consoleNowMs">Now, by the console's clock; null = by this node's.</param>
/// <param name="log">Hears of what a person must decide.</param>
internal sealed class SettingHandler(
    string node, TimeProvider time, ActionJournal journal, SettingValues values, string bootId, Func<ProxyReading?> proxy,
    Reason? observeOnly = null, Func<long>? consoleNowMs = null, TextWriter? log = null)
{
    private const int MaxUndone = 1000;
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(5);

    private readonly SettingExecutor _act = new(node, time, journal, values, bootId);
    // A change that could not be reverted is tried again: soon, then less and less often, but never given up.
    private readonly Dictionary<string, Backoff> _retries = [];
    private readonly Lock _lock = new();
    private readonly Dictionary<string, SettingResult> _undone = [];
    private readonly Queue<string> _undoneOrder = new();

    /// <summary>Changes that are in force here.</summary>
    public int OpenCount => _act.Open.Count;

    /// <summary>Whether a change of this setting is open, so that its value is worth a look.</summary>
    public bool IsOpen(string key) => _act.Open.Any(act => act.Begin.Target == key);

    public SettingReading Read(SettingRequest? request)
    {
        string actionId = request?.ActionId is { Length: <= NodeCommandGuard.MaxText } id ? id : "";
        if (observeOnly is not null)
            return Answer("", null, observeOnly);
        if (SettingCatalog.Find(request?.Key) is not { } kind)
            return Answer(Shown(request?.Key), null, Unknown(request?.Key));
        if (!values.TryRead(kind, out string? value, out string? unreadable))
            return Answer(kind.Key, null, new(SettingReasons.Unreadable, unreadable));
        var open = _act.Open.FirstOrDefault(act => act.Begin.Target == kind.Key)?.Open();
        var refusal = values.Refuse(kind) ?? (open is null ? null : SettingGuard.RefuseOpen(open))
            ?? SettingGuard.Refuse(kind, request!.Value, value, values.Memory);
        return Answer(kind.Key, value, refusal) with { Open = open, Detail = values.Detail(kind) };

        SettingReading Answer(string key, string? value, Reason? refusal) => new(actionId, node, key, value, refusal?.Message, null, null, refusal?.Code);
    }

    public SettingResult Apply(SettingNodeCommand? order, JournalOrigin origin = JournalOrigin.Console, CancellationToken stop = default) =>
        Once(order?.Command, order?.Key, () => Change(order!, origin), stop);

    public SettingResult Revert(RevertNodeCommand? order, JournalOrigin origin = JournalOrigin.Console, CancellationToken stop = default) =>
        Once(order?.Command, null, () =>
        {
            if (NodeCommandGuard.RefuseId(order!.ChangeId) is not null || journal.Find(order.ChangeId) is not { Begin.Kind: JournalKind.Setting } change)
                return Refused(order.Command, null, new(SettingReasons.UnknownChange, "This node knows no change with that id: it was not made here, or the state directory was lost."));
            if (!IsProxyAsked(change) && !order.Command.BreakGlass)
                return Refused(order.Command, change.Begin.Target, new(SettingReasons.ProxyUnknown, "kube-proxy was not asked yet since this collector started, and this depends on it: order again in a few seconds."));
            return change.IsOpenChange
                ? _act.Revert(Begin(order.Command, origin), change, proxy(), order.Command.BreakGlass)
                : Refused(order.Command, change.Begin.Target, new(SettingReasons.NotOpen, $"The change is not open any more ({change.LastRevert ?? change.End?.Setting?.Outcome}): there is nothing to set back."));
        }, stop);

    /// <summary>The result of an act that began once, or null.</summary>
    public SettingResult? Recall(string actionId) => _act.Recall(actionId, LongestWait);

    /// <summary>Once a second: ends in the journal what was cut off, and sets back what is due.</summary>
    public void Tick()
    {
        var now = time.GetUtcNow();
        long nowMs = now.ToUnixTimeMilliseconds();
        bool isCutOff = journal.Where(act => act.End is null && act.Begin.Kind != JournalKind.Flush).Count > 0;
        // A withheld change waits for a person; telling it every second helps nobody.
        var due = observeOnly is not null ? [] : _act.Open.Where(act =>
            act.Begin.BootId != bootId
            || (act.Begin.RevertAtMs <= nowMs && act.LastRevert != SettingOutcome.Withheld && IsRetryDue(act.ActionId, now) && IsProxyAsked(act))).ToList();
        if (!isCutOff && due.Count == 0)
            return;
        using var turn = _act.TryLock(TimeSpan.Zero);
        if (turn is null)
            return;
        _act.Settle();
        foreach (var act in due.Where(act => act.IsOpenChange))
        {
            var begin = new JournalLine
            {
                Phase = JournalPhase.Begin, At = now, ActionId = Guid.CreateVersion7().ToString("N"), Origin = JournalOrigin.Timer,
                Who = node, Reason = $"The time of the change by {act.Begin.Who} is over.",
            };
            var result = _act.Revert(begin, act, proxy(), breakGlass: false);
            if (result.Outcome is SettingOutcome.Failed or SettingOutcome.Refused)
                RetriesOf(act.ActionId).Failed(now);
            if (result.Outcome is not SettingOutcome.Reverted || result.Message is not null)
                log?.WriteLine($"The change of {result.Key} by the action {act.ActionId}: {result.Message}");
        }
    }

    private SettingResult Once(NodeCommand? order, string? key, Func<SettingResult> act, CancellationToken stop)
    {
        if ((observeOnly ?? NodeCommandGuard.RefuseId(order?.ActionId)) is { } refused)
            return Refused(order, key, refused);
        if (Earlier(order!.ActionId) is { } earlier)
            return earlier;
        try
        {
            using var turn = _act.TryLock(LongestWait, stop);
            if (turn is null)
                return Refused(order, key, new(SettingReasons.Busy, "Another change of a setting still runs on this node, one at a time. Nothing was done: order this one again."));
            _act.Settle(); // What was cut off may be this very order, or a change that is open.
            if (Earlier(order.ActionId) is { } meanwhile)
                return meanwhile;
            var refusal = NodeCommandGuard.Refuse(order, consoleNowMs?.Invoke() ?? time.GetUtcNow().ToUnixTimeMilliseconds())
                ?? (journal.IsFenced(order.ActionId)
                    ? new Reason(NodeReasons.Fenced, "The console asked what became of this action before it came, and was told that it never began: order anew.") : null);
            if (refusal is not null)
                return Refused(order, key, refusal);
            return act();
        }
        catch (IOException failure)
        {
            return Refused(order, key, new(NodeReasons.JournalUnwritable, $"The state directory cannot be used, so nothing was done: {failure.Message}"));
        }
    }

    private SettingResult Change(SettingNodeCommand order, JournalOrigin origin)
    {
        if (SettingCatalog.Find(order.Key) is not { } kind)
            return Refused(order.Command, order.Key, Unknown(order.Key));
        if ((kind.Refuse(order.Value) is { } wrong ? SettingGuard.Refuse(kind, order.Value, "", null) ?? wrong : null) is { } notAllowed)
            return Refused(order.Command, kind.Key, notAllowed);
        if ((SettingGuard.RefuseTime(kind, order.RevertAfterMs) ?? values.Refuse(kind)) is { } refusal)
            return Refused(order.Command, kind.Key, refusal);
        if (_act.Open.FirstOrDefault(act => act.Begin.Target == kind.Key) is { } open)
            return Refused(order.Command, kind.Key, SettingGuard.RefuseOpen(open.Open()));
        if (!values.TryRead(kind, out string? now, out string? unreadable))
            return Refused(order.Command, kind.Key, new(SettingReasons.Unreadable, unreadable));
        if (SettingGuard.Refuse(kind, order.Value, now, values.Memory) is { } unfit)
            return Refused(order.Command, kind.Key, unfit);
        if (now == order.Value)
            return Undone(SettingOutcome.Already, null);
        if (now != order.Previewed)
            return Undone(SettingOutcome.Moved, $"{kind.Key} is {now} now and not {Shown(order.Previewed)}, which was shown: somebody has changed it meanwhile. Look again.");
        return _act.Change(Begin(order.Command, origin), kind, now, order.Value, order.RevertAfterMs);

        // Not in the journal, as nothing began; but the same order again shall not act because the value came back.
        SettingResult Undone(SettingOutcome outcome, string? sentence)
        {
            var result = new SettingResult(order.Command.ActionId, node, kind.Key, outcome, now, now, null, sentence,
                outcome == SettingOutcome.Moved ? SettingReasons.Moved : null);
            lock (_lock)
            {
                if (_undone.TryAdd(result.ActionId, result))
                    _undoneOrder.Enqueue(result.ActionId);
                if (_undoneOrder.Count > MaxUndone)
                    _undone.Remove(_undoneOrder.Dequeue());
            }

            return result;
        }
    }

    // A silent kube-proxy is an answer too; one that was not asked is none.
    private bool IsProxyAsked(JournaledAction act) => act.Begin is not { Target: SettingCatalog.BeLiberal, Before: "0" } || proxy() is not null;

    private SettingResult? Earlier(string actionId)
    {
        lock (_lock)
        {
            if (_undone.TryGetValue(actionId, out var undone))
                return undone;
        }

        return Recall(actionId);
    }

    private JournalLine Begin(NodeCommand order, JournalOrigin origin) => new()
    {
        Phase = JournalPhase.Begin, At = time.GetUtcNow(), ActionId = order.ActionId, Origin = origin,
        Who = order.Who, ApprovedBy = order.ApprovedBy, Reason = order.Reason,
    };

    private SettingResult Refused(NodeCommand? order, string? key, Reason why) => SettingExecutor.Refused(node, order?.ActionId, Shown(key), why);

    private static string Shown(string? text) => FlushFilter.Shown(text ?? "");

    private static Reason Unknown(string? key) => new(SettingReasons.UnknownKey,
        $"'{Shown(key)}' is not one of the settings that may be changed: {string.Join(", ", SettingCatalog.All.Select(kind => kind.Key))}.");

    private bool IsRetryDue(string changeId, DateTimeOffset now) => !_retries.TryGetValue(changeId, out var retries) || retries.IsDue(now);

    private Backoff RetriesOf(string changeId)
    {
        if (!_retries.TryGetValue(changeId, out var retries))
            _retries[changeId] = retries = new Backoff { Min = TimeSpan.FromSeconds(15), Max = TimeSpan.FromHours(1) };
        return retries;
    }
}
