using System.Text;

namespace ConntrackConsole.Testing;

/// <summary>Reads a file of lines that another process still writes. A test asks it many times a second: each line is read and parsed once.</summary>
public sealed class LineReader<T>(string path, Func<string, T> parse)
{
    private readonly Lock _lock = new();
    private readonly List<T> _lines = [];
    private long _position;

    /// <summary>All whole lines so far: the last one may be incomplete.</summary>
    public IReadOnlyList<T> Read()
    {
        lock (_lock)
        {
            if (File.Exists(path))
                ReadAppended();
            return [.. _lines];
        }
    }

    private void ReadAppended()
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        if (file.Length <= _position)
            return;
        file.Position = _position;
        byte[] bytes = new byte[file.Length - _position];
        int whole = bytes.AsSpan(0, file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)).LastIndexOf((byte)'\n') + 1;
        foreach (string line in Encoding.UTF8.GetString(bytes, 0, whole).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            _lines.Add(parse(line));
        _position += whole;
    }
}
