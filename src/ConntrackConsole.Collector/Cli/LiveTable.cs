using System.Text;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Cli;

/// <summary>
/// The live terminal view of frames: the groups with the most flows, the node's counters, the latest resets. Redrawn in place;
/// colours are optional (https://no-color.org).
/// </summary>
internal sealed class LiveTable(TextWriter output, Func<(int Width, int Height)> size, bool colours)
{
    private const int LastEvents = 6;

    private readonly Dictionary<GroupKey, StateCounts> _groups = [];
    private readonly Queue<string> _events = new();
    private uint _invalid, _drop, _resets;

    public void Show(NodeFrame frame)
    {
        Take(frame);
        var (width, height) = size();
        if (width <= 0)
            (width, height) = (80, 24); // the terminal reports no size
        var text = new StringBuilder("\u001b[H"); // cursor home: overwriting does not flicker
        foreach (string line in Lines(frame, Math.Max(height - 1, 10)))
            text.Append(Cut(line, Math.Max(width, 40))).Append("\u001b[K\n");
        output.Write(text.Append("\u001b[J").ToString());
        output.Flush();
    }

    private void Take(NodeFrame frame)
    {
        if (frame.IsKey)
            _groups.Clear();
        foreach (var (key, counts) in frame.Groups)
        {
            if (counts.Total == 0)
                _groups.Remove(key);
            else
                _groups[key] = counts;
        }

        _invalid += frame.Counters.Invalid;
        _drop += frame.Counters.Drop + frame.Counters.EarlyDrop + frame.Counters.InsertFailed;
        _resets += (uint)frame.Resets.Count;
        string at = $"{DateTimeOffset.FromUnixTimeMilliseconds(frame.AtMs):HH:mm:ss}Z  ";
        foreach (var reset in frame.Resets)
            AddEvent($"{at}reset {reset.Kind}: {reset.Src}:{reset.Sport}→{reset.Dst}:{reset.Dport}{(reset.Vip.IsNone ? "" : $" of {reset.Vip}:{reset.Vport} by {reset.Backend}")}");
        foreach (var gap in frame.Gaps.Where(gap => gap.Kind != GapKind.Started))
            AddEvent($"{at}GAP {gap.Kind}: data is incomplete");
        foreach (string kept in IpvsLines.Of(frame.Ipvs))
            AddEvent(at + kept);
        foreach (var change in frame.Settings)
            AddEvent($"{at}setting {change.Name}: {change.Before} → {change.After}");
    }

    private void AddEvent(string line)
    {
        _events.Enqueue(line);
        if (_events.Count > LastEvents)
            _events.Dequeue();
    }

    private IEnumerable<string> Lines(NodeFrame frame, int height)
    {
        var counters = frame.Counters;
        yield return Bold($"{DateTimeOffset.FromUnixTimeMilliseconds(frame.AtMs):HH:mm:ss}Z  entries {counters.Count} of {counters.Max}   since start: resets {_resets}, invalid {_invalid}, dropped {_drop}   (Ctrl-C ends)");
        yield return "";
        yield return Bold($"{"PROTO",-7} {"SERVICE",-24} {"BACKEND",-24} {"TOTAL",7}  STATES");
        var groups = _groups.Select(group => new GroupCounts(group.Key, group.Value))
            .OrderByDescending(group => !group.Key.IsOther).ThenByDescending(group => group.Counts.Total).ThenBy(group => group.Key.Backend).ToList();
        int rows = Math.Max(1, height - 6 - _events.Count);
        foreach (var group in groups.Take(rows))
            yield return GroupTable.Line(group);
        if (groups.Count > rows)
            yield return $"... and {groups.Count - rows} more groups";
        yield return "";
        foreach (string line in _events)
            yield return line.Contains("GAP", StringComparison.Ordinal) || line.Contains("UnNated", StringComparison.Ordinal) ? Red(line) : line;
    }

    private string Bold(string text) => colours ? $"\u001b[1m{text}\u001b[0m" : text;

    private string Red(string text) => colours ? $"\u001b[31m{text}\u001b[0m" : text;

    // Escape sequences have no width; they occur only at both ends.
    private static string Cut(string line, int width)
    {
        int start = line.StartsWith('\u001b') ? line.IndexOf('m', StringComparison.Ordinal) + 1 : 0;
        int end = start > 0 ? line.LastIndexOf('\u001b') : line.Length;
        return end - start <= width ? line : string.Concat(line.AsSpan(0, start + width), line.AsSpan(end));
    }
}
