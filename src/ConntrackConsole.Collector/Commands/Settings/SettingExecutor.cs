using ConntrackConsole.Collector.Journal;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Commands.Settings;

/// <summary>
/// Writes or reverts a setting and journals it. The caller holds the lock (<see cref="TryLock"/>) and has checked everything else.
/// </summary>
internal sealed class SettingExecutor(string node, TimeProvider time, ActionJournal journal, SettingValues values, string bootId)
{
    public FileLock? TryLock(TimeSpan wait, CancellationToken stop = default) => FileLock.TryTake(journal.StateDirectory, "setting", wait, stop);

    /// <summary>Changes that this node will revert.</summary>
    public IReadOnlyList<JournaledAction> Open => journal.Where(act => act.IsOpenChange);

    /// <param name="begin">User and reason.</param>
    /// <param name="kind">Which setting.</param>
    /// <param name="before">The current value.</param>
    /// <param name="value">The new value.</param>
    /// <param name="revertAfterMs">Time until it is reverted.</param>
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
            (_, null) => Failed($"Whether {kind.Key} was written is unknown: {unreadable}"),
            (not null, _) when now != value => Failed($"{kind.Key} was not written and is {now}. {fault}"),
            _ when now != value => Failed($"{kind.Key} was written but reads {now}, not {value}: something else sets it, or the kernel rounds it."),
            _ => new SettingResult(begin.ActionId!, node, kind.Key, SettingOutcome.Written, before, now, revertAtMs, null),
        };
        return End(result);

        SettingResult Failed(string sentence) => new(
            begin.ActionId!, node, kind.Key, SettingOutcome.Failed, before, now, now is null ? revertAtMs : null, sentence,
            now is null ? SettingReasons.Unreadable : SettingReasons.WriteFailed);
    }

    /// <param name="begin">User and reason.</param>
    /// <param name="act">The open change.</param>
    /// <param name="proxy">Last reading of kube-proxy.</param>
    /// <param name="breakGlass">Whether a user overrides the guard.</param>
    public SettingResult Revert(JournalLine begin, JournaledAction act, ProxyReading? proxy, bool breakGlass)
    {
        var change = act.Open();
        begin = begin with { Kind = JournalKind.Revert, Target = change.Key, ChangeId = change.ActionId };
        if (SettingCatalog.Find(change.Key) is not { } kind)
            return Ended(SettingOutcome.Failed, null, null, SettingReasons.UnknownKey, $"{change.Key} is not known to this version of the collector: set it to {change.Before} manually.");
        bool isSameBoot = act.Begin.BootId == bootId;
        bool isRead = values.TryRead(kind, out string? now, out string? unreadable);
        // After a reboot there is nothing to revert, whether or not it can be read.
        if (!isRead && isSameBoot)
            return Ended(SettingOutcome.Failed, null, null, SettingReasons.Unreadable, unreadable);
        var verdict = RevertGuard.Evaluate(change, isSameBoot, now ?? "unreadable", proxy, values.Entries, breakGlass);
        if (verdict.Outcome is { } outcome)
        {
            string? removed = outcome == SettingOutcome.Reverted && isSameBoot ? SettingValues.RemoveExpired(kind) : null;
            return Ended(outcome, now, now, verdict.Code, removed is null ? verdict.Message : $"{verdict.Message} {removed}");
        }


        if (Begin(begin with { Before = now, Wanted = change.Before }) is { } notBegun)
            return Refused(node, begin.ActionId, change.Key, notBegun);
        string? fault = values.Write(kind, change.Before, TimeSpan.Zero);
        string? found = values.TryRead(kind, out string? read, out unreadable) ? read : null;
        string? still = found == change.Before ? null
            : found is null ? $"Whether {change.Key} was reverted is unknown: {unreadable}"
            : $"{change.Key} could not be reverted to {change.Before} and is {found}. {fault}";
        return End(new SettingResult(
            begin.ActionId!, node, change.Key, still is null ? SettingOutcome.Reverted : SettingOutcome.Failed, now, found, null, still ?? verdict.Message,
            still is null ? null : SettingReasons.RevertFailed));

        // Ended without a write. It is journaled too, because the change is over or a user must decide.
        SettingResult Ended(SettingOutcome outcome, string? before, string? after, string? code, string? sentence) =>
            Begin(begin with { Before = before }) is { } refused
                ? Refused(node, begin.ActionId, change.Key, refused)
                : End(new SettingResult(begin.ActionId!, node, change.Key, outcome, before, after, null, sentence, code));
    }

    /// <summary>The result of an action that began; waits for one that is still running. Null if it never began.</summary>
    public SettingResult? Recall(string actionId, TimeSpan wait)
    {
        if (journal.Find(actionId) is not { } act)
            return null;
        if (act.Begin.Kind == JournalKind.Flush)
            return Refused(node, actionId, "", new(NodeReasons.KindMismatch, "The action with this id was a flush."));
        if (act.End is null)
        {
            using var fileLock = TryLock(wait);
            if (fileLock is null)
                return new SettingResult(actionId, node, act.Begin.Target!, SettingOutcome.Unsure, act.Begin.Before, null, null, "It is still running: query again.", NodeReasons.Running);
            ResolveInterrupted();
        }

        return act.End?.Setting;
    }

    /// <summary>
    /// Ends interrupted actions in the journal with what is known: the current value. Needs the lock, so that none of them is
    /// running.
    /// </summary>
    public void ResolveInterrupted()
    {
        foreach (var act in journal.Where(act => act.End is null && act.Begin.Kind != JournalKind.Flush))
        {
            var begin = act.Begin;
            string? now = SettingCatalog.Find(begin.Target) is { } kind && values.TryRead(kind, out string? found, out _) ? found : null;
            bool isChange = begin.Kind == JournalKind.Setting;
            // A revert that was interrupted after its write is done; one interrupted before it is retried when due.
            bool isDone = !isChange && now is not null && now == journal.Find(begin.ChangeId!)?.Begin.Before;
            End(new SettingResult(
                act.ActionId, node, begin.Target!, isDone ? SettingOutcome.Reverted : SettingOutcome.Unsure, begin.Before, now,
                isChange && (now is null || now == begin.Wanted) ? begin.RevertAtMs : null,
                $"It was interrupted: the collector ended during the action. {begin.Target} is {now ?? "not readable"} now"
                + (isChange ? now == begin.Wanted ? ", as requested, and will be reverted when it expires." : "." : isDone ? ", the previous value." : "."),
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
                : new Reason(NodeReasons.DuplicateId, "An action with this id already began or was fenced: send a new command.");
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
            return result with { Message = $"{result.Message} The end line of the journal could not be written: {failure.Message}".Trim() };
        }
    }

    private long NowMs => time.GetUtcNow().ToUnixTimeMilliseconds();
}
