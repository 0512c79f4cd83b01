using System.Buffers.Text;

namespace ConntrackConsole.Collector.KubeProxy;

/// <summary>
/// Enumerates the samples of a page in the Prometheus text format without allocation. Comments, malformed lines and lines longer
/// than <see cref="MaxLineLength"/> are skipped: one unexpected metric must not hide the others.
/// </summary>
/// <param name="page">The whole page, UTF-8.</param>
internal ref struct PrometheusText(ReadOnlySpan<byte> page)
{
    /// <summary>Maximum length of a line in bytes.</summary>
    public const int MaxLineLength = 16 * 1024;

    private ReadOnlySpan<byte> _rest = page;

    /// <summary>Name of the current sample.</summary>
    public ReadOnlySpan<byte> Name { get; private set; }

    /// <summary>The raw text between the braces; empty without labels.</summary>
    public ReadOnlySpan<byte> Labels { get; private set; }

    /// <summary>Its value; may be NaN or infinite.</summary>
    public double Value { get; private set; }

    /// <summary>Advances to the next sample.</summary>
    public bool MoveNext()
    {
        while (!_rest.IsEmpty)
        {
            int end = _rest.IndexOf((byte)'\n');
            var line = end < 0 ? _rest : _rest[..end];
            _rest = end < 0 ? default : _rest[(end + 1)..];
            if (line.Length <= MaxLineLength && TryRead(line.Trim(" \t\r"u8)))
                return true;
        }

        return false;
    }

    /// <summary>The raw value of a label of the current sample (with escapes); empty if missing.</summary>
    public readonly ReadOnlySpan<byte> Label(ReadOnlySpan<byte> name)
    {
        var rest = Labels;
        while (!rest.IsEmpty)
        {
            int equals = rest.IndexOf("=\""u8);
            if (equals < 0)
                return default;
            var key = rest[..equals].Trim(" ,"u8);
            rest = rest[(equals + 2)..];
            int close = EndOfText(rest);
            if (close < 0)
                return default;
            if (key.SequenceEqual(name))
                return rest[..close];
            rest = rest[(close + 1)..];
        }

        return default;
    }

    private bool TryRead(ReadOnlySpan<byte> line)
    {
        if (line.IsEmpty || line[0] == (byte)'#')
            return false;
        int nameEnd = line.IndexOfAny((byte)'{', (byte)' ', (byte)'\t');
        if (nameEnd <= 0)
            return false;
        Name = line[..nameEnd];
        Labels = default;
        var rest = line[nameEnd..];
        if (rest[0] == (byte)'{')
        {
            int close = EndOfLabels(rest);
            if (close < 0)
                return false;
            Labels = rest[1..close];
            rest = rest[(close + 1)..];
        }

        rest = rest.TrimStart(" \t"u8);
        int valueEnd = rest.IndexOfAny((byte)' ', (byte)'\t'); // A timestamp may follow.
        return TryNumber(valueEnd < 0 ? rest : rest[..valueEnd]);
    }

    private bool TryNumber(ReadOnlySpan<byte> text)
    {
        double? special = text.SequenceEqual("+Inf"u8) ? double.PositiveInfinity
            : text.SequenceEqual("-Inf"u8) ? double.NegativeInfinity
            : text.SequenceEqual("NaN"u8) ? double.NaN : null;
        if (special is { } named)
        {
            Value = named;
            return true;
        }

        bool read = Utf8Parser.TryParse(text, out double value, out int used) && used == text.Length;
        Value = value;
        return read;
    }

    // A quoted value may contain a brace.
    private static int EndOfLabels(ReadOnlySpan<byte> text)
    {
        int at = 1;
        while (at < text.Length)
        {
            if (text[at] == (byte)'}')
                return at;
            if (text[at] == (byte)'"')
            {
                int close = EndOfText(text[(at + 1)..]);
                if (close < 0)
                    return -1;
                at += close + 1;
            }

            at++;
        }

        return -1;
    }

    private static int EndOfText(ReadOnlySpan<byte> text)
    {
        for (int at = 0; at < text.Length; at++)
        {
            if (text[at] == (byte)'\\')
                at++;
            else if (text[at] == (byte)'"')
                return at;
        }

        return -1;
    }
}
