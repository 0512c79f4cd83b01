using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Blocks;

/// <summary>
/// Reads a block's unpacked bytes without trusting them: after the first error every read returns zero and <see cref="Failed"/>
/// stays true, so that loops over counts terminate.
/// </summary>
internal ref struct BlockReader(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private int _at;
    private int _left;
    private GroupKey _last;

    public bool Failed { get; private set; }

    public int Columns { get; private set; }

    public string Namespace { get; private set; } = "";

    public string Name { get; private set; } = "";

    /// <summary>Reads the head; then follow the series, then the resets.</summary>
    /// <param name="known">Large enough for <see cref="BlockCodec.MaxColumns"/>.</param>
    public bool TryHead(scoped Span<bool> known)
    {
        if (U8() != BlockCodec.Version)
            return Fail();
        uint columns = Number();
        if (Failed || columns is 0 or > BlockCodec.MaxColumns)
            return Fail();
        Columns = (int)columns;
        bool isKnown = false;
        for (int at = 0; at < Columns && !Failed; isKnown = !isKnown)
        {
            uint run = Number();
            // Only the first run may be empty: it encodes how long nothing was known.
            if (run > (uint)(Columns - at) || (run == 0 && isKnown))
                return Fail();
            known.Slice(at, (int)run).Fill(isKnown);
            at += (int)run;
            if (run == 0 && at > 0)
                return Fail();
        }

        Namespace = Text();
        Name = Text();
        uint series = Number();
        if ((long)series * Columns > BlockCodec.MaxCells)
            return Fail();
        _left = (int)series;
        return !Failed;
    }

    /// <summary>The next series; its values are read with <see cref="Values"/>, three times.</summary>
    /// <param name="pod">UTF-8; empty if no pod is known.</param>
    public bool TrySeries(out GroupKey key, out ReadOnlySpan<byte> pod, out OwnerState owner, out EntryState state)
    {
        (key, owner, state) = (default, default, default);
        pod = default;
        if (Failed || _left == 0)
            return false;
        _left--;
        byte flags = U8();
        key = (flags & 1) != 0
            ? _last with { Backend = Address(), Bport = U16() }
            : new GroupKey(U8(), Address(), U16(), Address(), U16());
        _last = key;
        pod = Bytes();
        byte ownerByte = U8(), stateByte = U8();
        if (ownerByte > (byte)OwnerState.Service && !Enum.IsDefined((OwnerState)ownerByte))
            ownerByte = (byte)OwnerState.Unknown;
        if (stateByte > (byte)EntryState.Untranslated)
            stateByte = (byte)EntryState.Unknown;
        (owner, state) = ((OwnerState)ownerByte, (EntryState)stateByte);
        return !Failed;
    }

    /// <summary>One value per column.</summary>
    /// <returns>Whether any is not zero.</returns>
    public bool Values(scoped Span<int> values)
    {
        long value = 0;
        bool any = false;
        for (int at = 0; at < Columns;)
        {
            uint token = Number();
            if (Failed)
                return false;
            int run = 1;
            if (token == 0)
            {
                uint more = Number();
                if (more >= (uint)(Columns - at))
                    return Fail();
                run += (int)more;
            }
            else
            {
                value += Varint.UnZigZag(token);
                if (value is < -1 or > int.MaxValue / 2)
                    return Fail();
            }

            values.Slice(at, run).Fill((int)value);
            any |= value != 0;
            at += run;
        }

        return any;
    }

    /// <summary>How many resets follow; call it after the last series.</summary>
    public int ResetCount()
    {
        uint count = Number();
        // Each takes at least six bytes.
        if (!Failed && count <= (uint)((_bytes.Length - _at) / 6))
            return (int)count;
        Fail();
        return 0;
    }

    public BlockReset Reset()
    {
        uint column = Number();
        byte kind = U8();
        uint count = Number();
        var vip = Address();
        ushort port = U16();
        if (column >= (uint)Columns || kind >= ResetOverflow.Length || count > int.MaxValue / 1024)
            Fail();
        return Failed ? default : new BlockReset((int)column, (ResetKind)kind, (int)count, vip, port);
    }

    private byte U8() => Take(1, out var span) ? span[0] : (byte)0;

    private ushort U16() => Take(2, out var span) ? BinaryPrimitives.ReadUInt16LittleEndian(span) : (ushort)0;

    private string Text() => Bytes() is { Length: > 0 } text ? Encoding.UTF8.GetString(text) : "";

    private ReadOnlySpan<byte> Bytes()
    {
        uint length = Number();
        if (length <= BlockCodec.MaxText && Take((int)length, out var span))
            return span;
        Fail();
        return default;
    }

    private Ip Address()
    {
        byte length = U8();
        if (length == 0)
            return default;
        if (length is 4 or 16 && Take(length, out var span))
            return Ip.FromBytes(span);
        Fail();
        return default;
    }

    private uint Number()
    {
        if (Varint.TryRead(_bytes[_at..], out uint value, out int consumed) != OperationStatus.Done)
        {
            Fail();
            return 0;
        }

        _at += consumed;
        return value;
    }

    private bool Take(int length, out ReadOnlySpan<byte> span)
    {
        span = default;
        if (_bytes.Length - _at < length)
            return Fail();
        span = _bytes.Slice(_at, length);
        _at += length;
        return true;
    }

    private bool Fail()
    {
        Failed = true;
        _at = _bytes.Length;
        _left = 0;
        return false;
    }
}
