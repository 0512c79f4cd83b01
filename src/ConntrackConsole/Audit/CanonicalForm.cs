using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace ConntrackConsole.Audit;

/// <summary>
/// A row as bytes, in one way only: each value with its kind and its length before it, so that no two different rows read the
/// same, null is not empty, and 5 is not "5".
/// </summary>
internal sealed class CanonicalForm
{
    private const byte NullKind = 0, IntegerKind = 1, TextKind = 2, ForeignKind = 3;
    private const int IntegerLength = 1 + sizeof(long);

    private readonly ArrayBufferWriter<byte> _bytes = new(512);

    public ReadOnlySpan<byte> Bytes => _bytes.WrittenSpan;

    public void Clear() => _bytes.ResetWrittenCount();

    public CanonicalForm Null()
    {
        _bytes.Write([NullKind]);
        return this;
    }

    public CanonicalForm Integer(long value)
    {
        var span = _bytes.GetSpan(IntegerLength);
        span[0] = IntegerKind;
        BinaryPrimitives.WriteInt64BigEndian(span[1..], value);
        _bytes.Advance(IntegerLength);
        return this;
    }

    public CanonicalForm Integer(long? value) => value is { } number ? Integer(number) : Null();

    public CanonicalForm Text(string? value) => value is null ? Null() : Text(Encoding.UTF8.GetBytes(value));

    public CanonicalForm Text(ReadOnlySpan<byte> utf8) => Prefixed(TextKind, utf8);

    /// <summary>A value of a kind that the console never writes: it must not read like one that it does.</summary>
    public CanonicalForm Foreign(ReadOnlySpan<byte> bytes) => Prefixed(ForeignKind, bytes);

    /// <summary>The same row under another number: the number is the first value.</summary>
    public static byte[] WithId(ReadOnlySpan<byte> row, long id)
    {
        byte[] other = row.ToArray();
        BinaryPrimitives.WriteInt64BigEndian(other.AsSpan(1), id);
        return other;
    }

    private CanonicalForm Prefixed(byte kind, ReadOnlySpan<byte> bytes)
    {
        var span = _bytes.GetSpan(1 + sizeof(int));
        span[0] = kind;
        BinaryPrimitives.WriteInt32BigEndian(span[1..], bytes.Length);
        _bytes.Advance(1 + sizeof(int));
        _bytes.Write(bytes);
        return this;
    }
}
