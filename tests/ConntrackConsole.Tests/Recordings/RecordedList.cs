using System.Text.Json;

namespace ConntrackConsole.Tests.Recordings;

/// <summary>The content of one kind's list after any number of lines. Advancing applies only the lines in between.</summary>
public sealed class RecordedList
{
    private readonly RecordedFiles _files;
    private readonly string _kind;
    private readonly Dictionary<string, string> _items = [];
    private long _version;
    private int _next;
    private int _lines;

    public RecordedList(RecordedFiles files, string kind)
    {
        _files = files;
        _kind = kind;
        Rewind();
    }

    /// <summary>The items as JSON, and the version of the list.</summary>
    public (IReadOnlyList<string> Items, long Version) After(int lines)
    {
        if (lines < _lines)
            Rewind();
        _lines = lines;
        var indexes = _files.LinesOf(_kind);
        for (; _next < indexes.Count && indexes[_next] < lines; _next++)
        {
            var line = _files.Lines[indexes[_next]];
            if (line.Version <= _version)
                continue;
            if (line.IsDeleted)
                _items.Remove(line.Uid);
            else
                _items[line.Uid] = line.Object;
            _version = line.Version;
        }

        return ([.. _items.Values], _version);
    }

    private void Rewind()
    {
        _items.Clear();
        (_next, _lines, _version) = (0, 0, 1);
        if (!_files.Lists.TryGetValue(_kind, out byte[]? raw))
            return;
        using var list = JsonDocument.Parse(raw);
        _version = long.Parse(list.RootElement.GetProperty("metadata").GetProperty("resourceVersion").GetString()!);
        foreach (var item in list.RootElement.GetProperty("items").EnumerateArray())
            _items[item.GetProperty("metadata").GetProperty("uid").GetString()!] = item.GetRawText();
    }
}
