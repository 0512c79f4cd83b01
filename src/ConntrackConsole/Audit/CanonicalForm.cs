using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace ConntrackConsole.Audit;

/// <summary>
/// Unambiguous binary form of a row: each value is prefixed with its kind and length, so that two different rows never have the same bytes,
/// null differs from empty, and 5 differs from "5".
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

    /// <summary>A value of a kind that the console never writes; it must not look like one that it does.</summary>
    public CanonicalForm Foreign(ReadOnlySpan<byte> bytes) => Prefixed(ForeignKind, bytes);

    /// <summary>The same row with another number, which is the first value.</summary>
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
