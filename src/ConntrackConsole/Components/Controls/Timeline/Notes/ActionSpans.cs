using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Components.State.Urls;
using ConntrackConsole.Components.Text;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Components.Controls.Timeline.Notes;

/// <summary>
/// The flushes and settings of a window as bars of the timeline: a flush is a moment, a setting lasts until it is reverted. Reads the database only
/// after an action changed, or for another window.
/// </summary>
internal sealed class ActionSpans : IDisposable
{
    /// <summary>Maximum number of actions that are shown; the newest ones.</summary>
    public const int Max = 100;

    // A live window moves each second.
    private const long AheadMs = 60_000;

    private readonly ActionStore _store;
    private volatile bool _changed = true;
    private (long FromMs, long ToMs) _read;
    private IReadOnlyList<ActionRecord> _records = [];

    public ActionSpans(ActionStore store)
    {
        _store = store;
        store.Changed += Note;
    }

    /// <summary>The actions that ran, or had an effect, between two moments.</summary>
    public async Task<IReadOnlyList<ChartSpan>> ReadAsync(long fromMs, long toMs, CancellationToken ct)
    {
        if (_changed || fromMs < _read.FromMs || toMs > _read.ToMs)
        {
            _changed = false;
            _read = (fromMs, toMs + AheadMs);
            _records = await _store.RunBetweenAsync(_read.FromMs, _read.ToMs, Max, ct);
        }

        return [.. from record in _records
                   let span = Of(record)
                   where span.FromMs <= toMs && (span.ToMs ?? toMs) >= fromMs
                   select span];
    }

    /// <summary>The bar of one action that ran.</summary>
    public static ChartSpan Of(ActionRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        long startedMs = record.StartedMs ?? record.UpdatedMs;
        var request = record.Plan.Request;
        bool isFlush = request.Kind == ActionKind.Flush;
        string label = isFlush ? $"Flush of {request.Target}" : $"{SettingText.Short(request.Target)} → {request.Value}";
        string who = record.ApprovedBy is { } approver ? $"{record.Plan.RequestedBy}, approved by {approver}" : record.Plan.RequestedBy;
        List<ChartMoment> moments = [new(startedMs, isFlush ? Deleted(record) : $"set on {TextSummary.List([.. record.Plan.Targets], 3)}"), new(null, $"by {who}")];
        var end = isFlush ? (startedMs, null) : Revert(record);
        if (end.Moment is { } moment)
            moments.Add(moment);
        moments.Add(new(null, record.State == ActionState.Completed ? ActionStates.Name(record.State) : $"{ActionStates.Name(record.State)}: {record.Message}"));
        if (record.Reason.Length > 0)
            moments.Add(new(null, record.Reason));
        return new ChartSpan(startedMs, end.AtMs, label, ActionStates.Colour(record.State), ActionsUrl.Page(record.Id), moments);
    }

    private static string Deleted(ActionRecord record)
    {
        var flushes = record.Nodes.Select(node => node.Flush).OfType<FlushResult>().ToList();
        return flushes.Exists(flush => flush.Unsure) ? "interrupted: the number of deleted entries is unknown"
            : $"{DisplayText.Count(flushes.Sum(flush => flush.Deleted), "entry", "entries")} deleted on {DisplayText.Count(flushes.Count(flush => flush.Deleted > 0), "node")}";
    }

    // Without an open change the record was last written by the revert.
    private static (long? AtMs, ChartMoment? Moment) Revert(ActionRecord record)
    {
        if (record.Nodes.Where(node => node.IsOpenChange).Max(node => node.Setting!.RevertAtMs) is { } revertMs)
            return (revertMs, new(revertMs, "reverts automatically"));
        return record.Nodes.Any(node => node.Setting is { Outcome: SettingOutcome.Reverted }) ? (record.UpdatedMs, new(record.UpdatedMs, "reverted"))
            : record.HasEnded ? (record.UpdatedMs, null) : (null, null);
    }

    public void Dispose() => _store.Changed -= Note;

    private void Note() => _changed = true;
}
