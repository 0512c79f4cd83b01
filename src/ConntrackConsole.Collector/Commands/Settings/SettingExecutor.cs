
using ConntrackConsole.Collector.Journal;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Commands.Settings;

/// <summary>
/// Writes a setting, or sets it back, and keeps the journal of it. Who calls holds the turn (<see cref="TryLock"/>) and has
/// checked everything else.
/// </summary>
internal sealed class SettingExecutor(string node, TimeProvider time, ActionJournal journal, SettingValues values, string bootId)
{
    public FileLock? TryLock(TimeSpan wait, CancellationToken stop = default) => FileLock.TryTake(journal.StateDirectory, "setting", wait, stop);

    /// <summary>Changes that this node will set back.</summary>
    public IReadOnlyList<JournaledAction> Open => journal.Where(act => act.IsOpenChange);

    /// <param name="begin">Who, why.</param>
    /// <param name="kind">Which setting.</param>
    /// <param name="before">What is there.</param>
    /// <param name="value">What shall be.</param>
    /// <param name="revertAfterMs">After this it is set back.</param>
    public SettingResult Change(JournalLine begin, SettingKind kind, string before, string value, long revertAfterMs)
    {
        long revertAtMs = NowMs + revertAfterMs;
        var notBegun = Begin(begin with
        {
            Kind = JournalKind.Setting, Target = kind.Key, Before = before, Wanted = value, RevertAtMs = revertAtMs, BootId = bootId,
        });
        if (notBegun is not null)
            return Refused(node, begin.ActionId, kind.Key, notBegun);
        string? fault = values.Write(kind, value, TimeSpan.FromMilliseconds(revertAfterMs));
        string? now = values.TryRead(kind, out string? found, out string? unreadable) ? found : null;
        var result = (fault, now) switch
        {
            (_, null) => Failed($"Whether {kind.Key} was written is not known: {unreadable}"),
            (not null, _) when now != value => Failed($"{kind.Key} was not written and is {now}. {fault}"),
            _ when now != value => Failed($"{kind.Key} was written and reads {now}, not {value}: something else sets it, or the kernel rounds it."),
            _ => new SettingResult(begin.ActionId!, node, kind.Key, SettingOutcome.Written, before, now, revertAtMs, null),
        };
        return End(result);

        SettingResult Failed(string sentence) => new(
            begin.ActionId!, node, kind.Key, SettingOutcome.Failed, before, now, now is null ? revertAtMs : null, sentence,
            now is null ? SettingReasons.Unreadable : SettingReasons.WriteFailed);
    }

    /// <param name="begin">Who, why.</param>
    /// <param name="act">The change, which is open.</param>
    /// <param name="proxy">What kube-proxy told last.</param>
    /// <param name="breakGlass">Somebody took the responsibility.</param>
    public SettingResult Revert(JournalLine begin, JournaledAction act, ProxyReading? proxy, bool breakGlass)
    {
        var change = act.Open();
        begin = begin with { Kind = JournalKind.Revert, Target = change.Key, ChangeId = change.ActionId };
        if (SettingCatalog.Find(change.Key) is not { } kind)
            return Ended(SettingOutcome.Failed, null, null, SettingReasons.UnknownKey, $"{change.Key} is not known to this version of the collector: set it to {change.Before} by hand.");
        bool isSameBoot = act.Begin.BootId == bootId;
        bool isRead = values.TryRead(kind, out string? now, out string? unreadable);
        // After a boot there is nothing to set back, whether or not it can be read.
        if (!isRead && isSameBoot)
            return Ended(SettingOutcome.Failed, null, null, SettingReasons.Unreadable, unreadable);
        var judged = RevertGuard.Judge(change, isSameBoot, now ?? "unreadable", proxy, values.Entries, breakGlass);
        if (judged.Outcome is { } fate)
            return Ended(fate, now, now, judged.Code, judged.Message);

        if (Begin(begin with { Before = now, Wanted = change.Before }) is { } notBegun)
            return Refused(node, begin.ActionId, change.Key, notBegun);
        string? fault = values.Write(kind, change.Before, TimeSpan.Zero);
        string? found = values.TryRead(kind, out string? read, out unreadable) ? read : null;
        string? still = found == change.Before ? null
            : found is null ? $"Whether {change.Key} was set back is not known: {unreadable}"
            : $"{change.Key} could not be set back to {change.Before} and is {found}. {fault}";
        return End(new SettingResult(
            begin.ActionId!, node, change.Key, still is null ? SettingOutcome.Reverted : SettingOutcome.Failed, now, found, null, still ?? judged.Message,
            still is null ? null : SettingReasons.RevertFailed));

        // An end without a write: it stands in the journal too, because the change is over, or a person must decide.
        SettingResult Ended(SettingOutcome outcome, string? before, string? after, string? code, string? sentence) =>
            Begin(begin with { Before = before }) is { } refused
                ? Refused(node, begin.ActionId, change.Key, refused)
                : End(new SettingResult(begin.ActionId!, node, change.Key, outcome, before, after, null, sentence, code));
    }

    /// <summary>The result of an act that began once; waits for one that still runs. Null where it never began.</summary>
    public SettingResult? Recall(string actionId, TimeSpan wait)
    {
        if (journal.Find(actionId) is not { } act)
            return null;
        if (act.Begin.Kind == JournalKind.Flush)
            return Refused(node, actionId, "", new(NodeReasons.KindMismatch, "The action with this id was a flush."));
        if (act.End is null)
        {
            using var turn = TryLock(wait);
            if (turn is null)
                return new SettingResult(actionId, node, act.Begin.Target!, SettingOutcome.Unsure, act.Begin.Before, null, null, "It still runs: ask again.", NodeReasons.Running);
            Settle();
        }

        return act.End?.Setting;
    }

    /// <summary>Tells of acts that were cut off what can be told: the value that is there. Needs the turn: nobody is at one of them.</summary>
    public void Settle()
    {
        foreach (var act in journal.Where(act => act.End is null && act.Begin.Kind != JournalKind.Flush))
        {
            var begin = act.Begin;
            string? now = SettingCatalog.Find(begin.Target) is { } kind && values.TryRead(kind, out string? found, out _) ? found : null;
            bool isChange = begin.Kind == JournalKind.Setting;
            // A revert that was cut off after its write is done; one before it is tried again at its time.
            bool isDone = !isChange && now is not null && now == journal.Find(begin.ChangeId!)?.Begin.Before;
            End(new SettingResult(
                act.ActionId, node, begin.Target!, isDone ? SettingOutcome.Reverted : SettingOutcome.Unsure, begin.Before, now,
                isChange && (now is null || now == begin.Wanted) ? begin.RevertAtMs : null,
                $"It was cut off: the collector ended in the middle of it. {begin.Target} is {now ?? "not readable"} now"
                + (isChange ? now == begin.Wanted ? ", as was wanted, and is set back at its time." : "." : isDone ? ", the old value." : "."),
                isDone ? null : NodeReasons.Interrupted));
        }
    }

    public static SettingResult Refused(string node, string? actionId, string? key, Reason why) =>
        new(actionId ?? "", node, key ?? "", SettingOutcome.Refused, null, null, null, why.Message, why.Code);

    private Reason? Begin(JournalLine begin)
    {
        try
        {
            return journal.TryBegin(begin) ? null
                : new Reason(NodeReasons.DuplicateId, "An action with this id began before, or may not begin any more: order anew.");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return new(NodeReasons.JournalUnwritable, $"The journal cannot be written, so nothing was done: {failure.Message}");
        }
    }

    private SettingResult End(SettingResult result)
    {
        try
        {
            journal.End(result.ActionId, setting: result);
            return result;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return result with { Message = $"{result.Message} The journal's end line could not be written: {failure.Message}".Trim() };
        }
    }

    private long NowMs => time.GetUtcNow().ToUnixTimeMilliseconds();
}
