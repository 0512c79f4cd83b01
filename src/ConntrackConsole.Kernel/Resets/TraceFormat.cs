using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace ConntrackConsole.Kernel.Resets;

/// <summary>A field of a trace record: its position, in bytes from the record's start.</summary>
/// <param name="Offset">Bytes from the start.</param>
/// <param name="Size">Length in bytes.</param>
internal readonly record struct TraceField(int Offset, int Size);

/// <summary>
/// The layout of a trace event, from its <c>format</c> file. Offsets differ between kernel versions and builds, so
/// they are always read, never assumed.
/// </summary>
internal sealed class TraceFormat
{
    // A record of the ring is far smaller; a larger number means a damaged or unrelated file.
    private const int MaxFieldBytes = 1 << 20;

    private readonly Dictionary<string, TraceField> _fields = new(StringComparer.Ordinal);
    private string _printFormat = "";

    private TraceFormat()
    {
    }

    /// <summary>The event's name, such as tcp_send_reset; "" if the file contains none (events/header_page).</summary>
    public string Name { get; private set; } = "";

    /// <summary>The event's number in this boot of this kernel: the first field of each of its records. -1 if the file contains none.</summary>
    public int Id { get; private set; } = -1;

    /// <summary>Parses the text of a format file.</summary>
    /// <param name="text">Content of <c>events/*/*/format</c> or of <c>events/header_page</c>.</param>
    /// <param name="format">The layout, or null.</param>
    /// <param name="error">If the text is not such a file: one sentence.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out TraceFormat? format, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(text);
        format = null;
        error = null;
        var parsed = new TraceFormat();
        int number = 0;
        foreach (var raw in text.AsSpan().EnumerateLines())
        {
            number++;
            var line = raw.Trim();
            if (line.StartsWith("name:"))
            {
                parsed.Name = line[5..].Trim().ToString();
            }
            else if (line.StartsWith("ID:"))
            {
                if (!TryNumber(line[3..], out int id))
                {
                    error = $"The trace format has a non-numeric ID in line {number}.";
                    return false;
                }

                parsed.Id = id;
            }
            else if (line.StartsWith("field:"))
            {
                if (!parsed.TryAddField(line[6..]))
                {
                    error = $"The trace format has a malformed field in line {number}.";
                    return false;
                }
            }
            else if (line.StartsWith("print fmt:"))
            {
                parsed._printFormat = line[10..].ToString();
            }
        }

        if (parsed._fields.Count == 0)
        {
            error = "The trace format has no fields.";
            return false;
        }

        format = parsed;
        return true;
    }

    /// <summary>Finds a field of at least the given size.</summary>
    public bool TryField(string name, int minimumSize, out TraceField field) =>
        _fields.TryGetValue(name, out field) && field.Size >= minimumSize;

    /// <summary>
    /// The names that the print format assigns to a field's numbers (<c>__print_symbolic</c>). Keys that the kernel left as
    /// symbols are skipped; empty if the field has no names.
    /// </summary>
    public IReadOnlyDictionary<int, string> Symbols(string field)
    {
        var names = new Dictionary<int, string>();
        int start = _printFormat.IndexOf($"__print_symbolic(REC->{field},", StringComparison.Ordinal);
        if (start < 0)
            return names;
        var rest = _printFormat.AsSpan(start);
        rest = rest[(rest.IndexOf(',') + 1)..];
        // Pairs are { number, "NAME" }, and the list ends at the parenthesis: nothing else occurs between them.
        while (rest.TrimStart() is ['{', .. var pair])
        {
            int comma = pair.IndexOf(',');
            int end = pair.IndexOf('}');
            if (comma < 0 || end < comma)
                break;
            if (TryNumber(pair[..comma], out int number))
                names[number] = pair[(comma + 1)..end].Trim().Trim('"').ToString();
            rest = pair[(end + 1)..].TrimStart().TrimStart(',');
        }

        return names;
    }

    // "unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;"
    private bool TryAddField(ReadOnlySpan<char> line)
    {
        int end = line.IndexOf(';');
        if (end < 0)
            return false;
        var name = line[..end].Trim();
        int bracket = name.IndexOf('[');
        if (bracket >= 0)
            name = name[..bracket].TrimEnd();
        name = name[(name.LastIndexOfAny(" \t*") + 1)..];
        if (name.IsEmpty || !TryPart(line, "offset:", out int offset) || !TryPart(line, "size:", out int size))
            return false;
        _fields[name.ToString()] = new TraceField(offset, size);
        return true;
    }

    private static bool TryPart(ReadOnlySpan<char> line, string key, out int value)
    {
        value = 0;
        int start = line.IndexOf(key);
        if (start < 0)
            return false;
        var rest = line[(start + key.Length)..];
        int end = rest.IndexOf(';');
        return end > 0 && TryNumber(rest[..end], out value);
    }

    private static bool TryNumber(ReadOnlySpan<char> text, out int value) =>
        int.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out value) && value <= MaxFieldBytes;
}
