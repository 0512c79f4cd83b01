using System.Text;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Blocks;

/// <summary>
/// Reads a block's unpacked bytes without trusting them: after the first error every read returns zero and <see cref="Failed"/>
/// stays true, so that loops over counts terminate. Reads both versions.
/// </summary>
/// <param name="table">The labels to which a block without a table of its own refers; null without one.</param>
/// <param name="own">For a block with a table of its own.</param>
internal ref struct BlockReader(ReadOnlySpan<byte> bytes, SeriesTable? table, SeriesTable own, TextPool texts)
{
    private ByteCursor _head = new(bytes);
    private ByteCursor _numbers;
    private ByteCursor _modes;
    private ByteCursor _firsts;
    private ByteCursor _gaps;
    private ByteCursor _deltas;
    private SeriesTable? _table;
    private byte _version;
    private int _left;
    private long _number;
    private byte _mode;
    private int _lane;
    // Cells up to the next change; negative if none follows.
    private long _until;
    private GroupKey _last;
    private bool _failed;

    public readonly bool Failed => _failed || _head.Failed || _numbers.Failed || _modes.Failed || _firsts.Failed || _gaps.Failed || _deltas.Failed;

    public int Columns { get; private set; }

    public string Namespace { get; private set; } = "";

    public string Name { get; private set; } = "";

    /// <summary>How many series follow the head.</summary>
    public readonly int SeriesCount => _left;

    /// <summary>Reads the head; then follow the series, then the resets.</summary>
    /// <param name="known">Large enough for <see cref="BlockCodec.MaxColumns"/>.</param>
    /// <param name="isLast">Nothing else is read: the labels are not needed.</param>
    public bool TryHead(scoped Span<bool> known, bool isLast = false)
    {
        _version = _head.U8();
        if (_version is not (BlockCodec.Version or BlockCodec.FirstVersion))
            return Fail();
        uint columns = _head.Number();
        if (Failed || columns is 0 or > BlockCodec.MaxColumns)
            return Fail();
        Columns = (int)columns;
        bool isKnown = false;
        for (int at = 0; at < Columns && !Failed; isKnown = !isKnown)
        {
            uint run = _head.Number();
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
        uint series = _head.Number();
        if ((long)series * Columns > BlockCodec.MaxCells)
            return Fail();
        _left = (int)series;
        if (isLast)
            return !Failed;
        return _version == BlockCodec.FirstVersion ? !Failed : TryStreams();
    }

    /// <summary>The next series; its values are read with <see cref="Values"/>, three times.</summary>
    public bool TrySeries(out SeriesLabel label)
    {
        label = default;
        if (Failed || _left == 0)
            return false;
        _left--;
        if (_version == BlockCodec.FirstVersion)
            return TryFirstVersion(out label);
        _number += 1 + Varint.UnZigZag(_numbers.Number());
        (_mode, _lane) = (_modes.U8(), 0);
        return !Failed && (_table!.TryGet(_number, out label) || Fail());
    }

    /// <summary>One value per column: entries, closing, stale.</summary>
    /// <returns>Whether any is not zero.</returns>
    public bool Values(scoped Span<int> values)
    {
        if (_version == BlockCodec.FirstVersion)
            return ValuesOfFirstVersion(values);
        int lane = _lane++;
        values = values[..Columns];
        if ((_mode & (1 << lane)) == 0)
        {
            values.Clear();
            return false;
        }

        long value = Varint.UnZigZag(_firsts.Number());
        bool any = false;
        for (int from = 0, at = 1; ;)
        {
            if (value is < -1 or > int.MaxValue / 2)
                return Fail();
            any |= value != 0;
            if (_until < 0 || _until >= Columns - at)
            {
                values[from..].Fill((int)value);
                if (_until >= 0)
                    _until -= Columns - at;
                return any && !Failed;
            }

            at += (int)_until;
            values[from..at].Fill((int)value);
            from = at++;
            value += Varint.UnZigZag(_deltas.Number());
            _until = _gaps.IsAtEnd ? -1 : _gaps.Number();
            if (Failed)
                return false;
        }
    }

    /// <summary>How many resets follow; call it after the last series.</summary>
    public int ResetCount()
    {
        uint count = _head.Number();
        // Each takes at least six bytes.
        if (!Failed && count <= (uint)(_head.Left / 6))
            return (int)count;
        Fail();
        return 0;
    }

    public BlockReset Reset()
    {
        uint column = _head.Number();
        byte kind = _head.U8();
        uint count = _head.Number();
        var vip = _head.Address();
        ushort port = _head.U16();
        if (column >= (uint)Columns || kind >= ResetOverflow.Length || count > int.MaxValue / 1024)
            Fail();
        return Failed ? default : new BlockReset((int)column, (ResetKind)kind, (int)count, vip, port);
    }

    internal static OwnerState Owner(byte value) => value <= (byte)OwnerState.Service || Enum.IsDefined((OwnerState)value) ? (OwnerState)value : OwnerState.Unknown;

    internal static EntryState State(byte value) => Enum.IsDefined((EntryState)value) ? (EntryState)value : EntryState.Unknown;

    private bool TryStreams()
    {
        uint length = _head.Number();
        if (length > 0)
        {
            // Its own table.
            _table = own;
            if (!own.TryRead(_head.Slice(length), texts))
                return Fail();
        }
        else if (_left > 0 && ((_table = table) is null || _head.U32() != _table.Stamp))
        {
            return Fail();
        }

        uint numbers = _head.Number(), firsts = _head.Number(), gaps = _head.Number(), deltas = _head.Number();
        _numbers = _head.Part(numbers);
        _modes = _head.Part((uint)_left);
        _firsts = _head.Part(firsts);
        _gaps = _head.Part(gaps);
        _deltas = _head.Part(deltas);
        _number = -1;
        _until = _gaps.IsAtEnd ? -1 : _gaps.Number();
        return !Failed;
    }

    private bool TryFirstVersion(out SeriesLabel label)
    {
        byte flags = _head.U8();
        _last = (flags & 1) != 0
            ? _last with { Backend = _head.Address(), Bport = _head.U16() }
            : new GroupKey(_head.U8(), _head.Address(), _head.U16(), _head.Address(), _head.U16());
        string? pod = texts.Get(_head.Bytes(BlockCodec.MaxText));
        label = new SeriesLabel(_last, pod, Owner(_head.U8()), State(_head.U8()));
        return !Failed;
    }

    private bool ValuesOfFirstVersion(scoped Span<int> values)
    {
        long value = 0;
        bool any = false;
        for (int at = 0; at < Columns;)
        {
            uint token = _head.Number();
            if (Failed)
                return false;
            int run = 1;
            if (token == 0)
            {
                uint more = _head.Number();
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

    private string Text() => _head.Bytes(BlockCodec.MaxText) is { Length: > 0 } text ? Encoding.UTF8.GetString(text) : "";

    private bool Fail()
    {
        _failed = true;
        _left = 0;
        return false;
    }
}
