namespace ConntrackConsole.Collector.Execute;

/// <summary>When a change that could not be set back is tried again: soon, then ever more seldom, never given up.</summary>
internal sealed class RevertPauses
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    private readonly Dictionary<string, (TimeSpan Pause, DateTimeOffset Until)> _pauses = [];

    public bool IsOver(string changeId, DateTimeOffset now) => !_pauses.TryGetValue(changeId, out var pause) || now >= pause.Until;

    public void Failed(string changeId, DateTimeOffset now)
    {
        var pause = _pauses.TryGetValue(changeId, out var last) ? TimeSpan.FromTicks(Math.Min(last.Pause.Ticks * 2, Longest.Ticks)) : First;
        _pauses[changeId] = (pause, now + pause);
    }
}
