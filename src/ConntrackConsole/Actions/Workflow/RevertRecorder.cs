using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions.Workflow;

/// <summary>Finds the change that a journal entry reports as reverted, and records the revert in it.</summary>
internal sealed class RevertRecorder(ActionStore store, ActionDispatch dispatch)
{
    /// <summary>Whether the entry is about a revert, successful or not.</summary>
    public static bool IsRevert(JournalEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return entry.Origin == JournalOrigin.Timer || (entry.Origin == JournalOrigin.Console && entry.Kind == "revert");
    }

    /// <summary>The action that an entry is about, if it was sent to this node.</summary>
    public async Task<ActionRecord?> OfAsync(string node, JournalEntry entry, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return await store.FindAsync(entry.ChangeId ?? entry.ActionId, ct) is { } named
            && named.Plan.Targets.Contains(node) && (!IsRevert(entry) || named.Plan.Request.Key == entry.Target) ? named : null;
    }

    /// <summary>A revert recorded before the outcome of the change itself is known would be overwritten by it.</summary>
    public static bool MustWait(string node, JournalEntry entry, ActionRecord? record) => IsRevert(entry) && record is not null && IsUnanswered(record, node);

    public Task WriteAsync(string node, JournalEntry entry, ActionRecord record)
    {
        ArgumentNullException.ThrowIfNull(entry);
        ArgumentNullException.ThrowIfNull(record);
        return dispatch.UpdateNodesAsync(record.Id, n => n.Node == node && n.IsOpenChange ? n with { Setting = After(record, n.Setting!, entry), Message = null, RefusalCode = null } : n);
    }

    private static SettingResult After(ActionRecord record, SettingResult previous, JournalEntry entry)
    {
        string? now = entry.After ?? previous.Now;
        // A value that is not ours, or a reboot, leaves nothing for the node to revert.
        bool over = entry.Outcome is SettingOutcome.Reverted or SettingOutcome.Void or SettingOutcome.Drifted || !entry.Failed || now != record.Plan.Request.Value;
        var outcome = entry.Outcome ?? (!entry.Failed ? SettingOutcome.Reverted : over ? SettingOutcome.Drifted : SettingOutcome.Withheld);
        return previous with { Outcome = outcome, Now = now, RevertAtMs = over ? null : previous.RevertAtMs, Message = ActionFormatter.Short(entry.Result, 2_000), Code = ReasonCode.OrNull(entry.Code) };
    }

    private static bool IsUnanswered(ActionRecord record, string node) => record.State == ActionState.Running
        ? record.Plan.Targets.Contains(node)
        : record.Nodes.Any(n => n.Node == node && n.Outcome == NodeOutcome.Unknown);
}
