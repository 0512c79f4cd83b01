using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions;

/// <summary>Finds the change that a node's journal says was set back, and writes the return into it.</summary>
public sealed class JournalReturns(ActionStore store, ActionDispatch dispatch, TimeProvider time)
{
    private static readonly TimeSpan Back = TimeSpan.FromDays(30);

    /// <summary>The entry tells that a change was set back, or should have been.</summary>
    public static bool IsReturn(JournalEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return entry.Origin == JournalOrigin.Timer || (entry.Origin == JournalOrigin.Console && entry.Kind == "revert");
    }

    /// <summary>
    /// The action that an entry is about, where this node is one of those that were told: by its id, by the id of an order to
    /// set it back, or, as a node has one open change of a setting, by that.
    /// </summary>
    public async Task<ActionRecord?> OfAsync(string node, JournalEntry entry, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(entry);
        string id = entry.ActionId[(entry.ActionId.IndexOf(ActionDesk.RevertOf, StringComparison.Ordinal) is var at and >= 0 ? at + ActionDesk.RevertOf.Length : 0)..];
        if (await store.FindAsync(id, ct) is { } named)
            return named.Plan.Targets.Contains(node) && (!IsReturn(entry) || named.Plan.Ask.Key == entry.Target) ? named : null;
        if (!IsReturn(entry))
            return null;
        var changes = await store.SettingsSinceAsync(time.GetUtcNow().Subtract(Back).ToUnixTimeMilliseconds(), ct);
        return changes.FirstOrDefault(r => r.Plan.Ask.Key == entry.Target && (IsUntold(r, node) || r.Nodes.Any(n => n.Node == node && n.IsOpenChange && WrittenMs(r, n) <= entry.AtMs)));
    }

    /// <summary>A return before the change's own outcome is known would be lost in it.</summary>
    public bool MustWait(string node, JournalEntry entry, ActionRecord? record) => IsReturn(entry) && record is not null && IsUntold(record, node);

    public Task WriteAsync(string node, JournalEntry entry, ActionRecord record)
    {
        ArgumentNullException.ThrowIfNull(entry);
        ArgumentNullException.ThrowIfNull(record);
        return dispatch.UpdateNodesAsync(record.Id, n => n.Node == node && n.IsOpenChange ? n with { Setting = After(record, n.Setting!, entry), Sentence = null } : n);
    }

    private static SettingResult After(ActionRecord record, SettingResult was, JournalEntry entry)
    {
        string? now = entry.After ?? was.Now;
        // Another value than ours is nothing that the node would still set back.
        var fate = !entry.Failed ? SettingFate.Reverted : now == record.Plan.Ask.Value ? SettingFate.Withheld : SettingFate.Drifted;
        return was with { Fate = fate, Now = now, RevertAtMs = fate == SettingFate.Withheld ? was.RevertAtMs : null, Sentence = ActionWords.Short(entry.Result, 2_000) };
    }

    private static bool IsUntold(ActionRecord record, string node) => record.State == ActionState.Running
        ? record.Plan.Targets.Contains(node)
        : record.Nodes.Any(n => n.Node == node && n.Fate == NodeFate.Unknown);

    // By the clock of the node, as the entry's own time.
    private static long WrittenMs(ActionRecord record, NodeOutcome node) => node.Setting!.RevertAtMs!.Value - record.Plan.Ask.RevertAfterMs!.Value;
}
