
using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions.Workflow;

/// <summary>Finds the change that a journal entry reports as reverted, and records the revert in it.</summary>
internal sealed class RevertRecorder(ActionStore store, ActionDispatch dispatch)
{
    /// <summary>The entry tells that a change was set back, or should have been.</summary>
    public static bool IsReturn(JournalEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return entry.Origin == JournalOrigin.Timer || (entry.Origin == JournalOrigin.Console && entry.Kind == "revert");
    }

    /// <summary>The action that an entry is about, where this node is one of those that were told.</summary>
    public async Task<ActionRecord?> OfAsync(string node, JournalEntry entry, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return await store.FindAsync(entry.ChangeId ?? entry.ActionId, ct) is { } named
            && named.Plan.Targets.Contains(node) && (!IsReturn(entry) || named.Plan.Request.Key == entry.Target) ? named : null;
    }

    /// <summary>A return before the change's own outcome is known would be lost in it.</summary>
    public static bool MustWait(string node, JournalEntry entry, ActionRecord? record) => IsReturn(entry) && record is not null && IsUntold(record, node);

    public Task WriteAsync(string node, JournalEntry entry, ActionRecord record)
    {
        ArgumentNullException.ThrowIfNull(entry);
        ArgumentNullException.ThrowIfNull(record);
        return dispatch.UpdateNodesAsync(record.Id, n => n.Node == node && n.IsOpenChange ? n with { Setting = After(record, n.Setting!, entry), Sentence = null } : n);
    }

    private static SettingResult After(ActionRecord record, SettingResult was, JournalEntry entry)
    {
        string? now = entry.After ?? was.Now;
        // Another value than ours, or another run of the kernel, is nothing that the node would still set back.
        bool over = entry.Outcome is SettingOutcome.Reverted or SettingOutcome.Void or SettingOutcome.Drifted || !entry.Failed || now != record.Plan.Request.Value;
        var outcome = entry.Outcome ?? (!entry.Failed ? SettingOutcome.Reverted : over ? SettingOutcome.Drifted : SettingOutcome.Withheld);
        return was with { Outcome = outcome, Now = now, RevertAtMs = over ? null : was.RevertAtMs, Sentence = ActionFormatter.Short(entry.Result, 2_000), Code = ReasonCode.OrNull(entry.Code) };
    }

    private static bool IsUntold(ActionRecord record, string node) => record.State == ActionState.Running
        ? record.Plan.Targets.Contains(node)
        : record.Nodes.Any(n => n.Node == node && n.Outcome == NodeOutcome.Unknown);
}
