using System.Buffers;

namespace ConntrackConsole.Kubernetes.Client;

/// <summary>
/// Finds the end of a JSON value in any split of its bytes, scanning each byte once and buffering none, so that a value that
/// is too large to parse can be skipped. It does not validate the value; the parser does.
/// </summary>
internal struct JsonExtent
{
    private static readonly SearchValues<byte> Structure = SearchValues.Create("{}[]\""u8);
    private static readonly SearchValues<byte> AfterScalar = SearchValues.Create(",]} \t\r\n"u8);

    private int _depth;
    private bool _string;
    private bool _escaped;
    private bool _scalar;

    public bool Done { get; private set; }

    /// <summary>Returns how many of these bytes belong to the value.</summary>
    public int Scan(ReadOnlySpan<byte> bytes)
    {
        int at = 0;
        while (at < bytes.Length && !Done)
        {
            if (_escaped)
            {
                _escaped = false;
                at++;
            }
            else if (_string)
            {
                if (!Find(bytes[at..].IndexOfAny((byte)'"', (byte)'\\'), ref at, bytes.Length))
                    return bytes.Length;
                _escaped = bytes[at] == '\\';
                _string = _escaped;
                Done = !_string && _depth == 0;
                at++;
            }
            else if (_scalar)
            {
                if (!Find(bytes[at..].IndexOfAny(AfterScalar), ref at, bytes.Length))
                    return bytes.Length;
                Done = true;
            }
            else if (_depth == 0 && bytes[at] is not ((byte)'{' or (byte)'[' or (byte)'"'))
            {
                _scalar = true;
            }
            else
            {
                if (!Find(bytes[at..].IndexOfAny(Structure), ref at, bytes.Length))
                    return bytes.Length;
                switch (bytes[at++])
                {
                    case (byte)'"':
                        _string = true;
                        break;
                    case (byte)'{' or (byte)'[':
                        _depth++;
                        break;
                    default:
                        Done = --_depth <= 0;
                        break;
                }
            }
        }

        return at;
    }

    private static bool Find(int found, ref int at, int length)
    {
        at = found < 0 ? length : at + found;
        return found >= 0;
    }
}
