using System.Buffers;
using System.Runtime.InteropServices;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Blocks;

/// <summary>Key and names of a series in a block, without its values.</summary>
/// <param name="Pod">namespace/name of the pod that owned the address then.</param>
internal readonly record struct SeriesLabel(GroupKey Key, string? Pod, OwnerState Owner, EntryState State);

/// <summary>
/// The labels of the series of one node or Service within an hour, to which its blocks refer by number: addresses and pod names
/// would take most of a block's bytes, and hardly any of them change from minute to minute. Labels are only ever added.
/// </summary>
internal sealed class SeriesTable
{
    /// <summary>A table covers this interval: each block that refers to it lies within it.</summary>
    public const long IntervalMs = 3_600_000;

    private const byte Version = 1;
    // In UTF-8 within the limit of a text; a pod's name with its namespace is shorter.
    private const int MaxPodChars = 300;

    private readonly List<SeriesLabel> _labels = [];
    private readonly Dictionary<SeriesLabel, int> _numbers = [];

    public int Count => _labels.Count;

    /// <summary>Whether labels were added since it was read.</summary>
    public bool IsChanged { get; private set; }

    /// <summary>
    /// Distinguishes a table from another one of the same hour: a block that was written with another one must not get its
    /// labels. 0 for a table that was never used.
    /// </summary>
    public uint Stamp { get; private set; }

    public static long StartOf(long atMs) => atMs - (atMs % IntervalMs);

    public void Clear()
    {
        _labels.Clear();
        _numbers.Clear();
        IsChanged = false;
        Stamp = 0;
    }

    /// <summary>Whether there is a label with a number; numbers are untrusted.</summary>
    public bool TryGet(long number, out SeriesLabel label)
    {
        label = default;
        if (number < 0 || number >= _labels.Count)
            return false;
        label = _labels[(int)number];
        return true;
    }

    /// <summary>The number of a label, which is added if it is not there.</summary>
    public int NumberOf(SeriesLabel label)
    {
        if (label.Pod is { Length: > MaxPodChars } pod)
            label = label with { Pod = pod[..MaxPodChars] };
        else if (label.Pod is "")
            label = label with { Pod = null };
        if (_numbers.Count == 0)
        {
            for (int i = 0; i < _labels.Count; i++)
                _numbers[_labels[i]] = i;
        }

        ref int number = ref CollectionsMarshal.GetValueRefOrAddDefault(_numbers, label, out bool exists);
        if (!exists)
        {
            number = _labels.Count;
            _labels.Add(label);
            IsChanged = true;
            if (Stamp == 0)
                Stamp = (uint)Random.Shared.Next(1, int.MaxValue);
        }

        return number;
    }

    /// <summary>The plain form.</summary>
    /// <param name="stamped">Whether blocks outside refer to it.</param>
    public void Write(IBufferWriter<byte> output, bool stamped)
    {
        var writer = new BinaryBufferWriter(output);
        writer.U8(Version);
        writer.U32(stamped ? Stamp : 0);
        writer.Varint((uint)_labels.Count);
        GroupKey last = default;
        foreach (var (key, pod, owner, state) in _labels)
        {
            bool same = last != default && last.Proto == key.Proto && last.Vip == key.Vip && last.Vport == key.Vport;
            writer.U8(same ? (byte)1 : (byte)0);
            if (!same)
            {
                writer.U8(key.Proto);
                writer.Address(key.Vip);
                writer.U16(key.Vport);
            }

            writer.Address(key.Backend);
            writer.U16(key.Bport);
            writer.U8((byte)owner);
            writer.U8((byte)state);
            writer.Text(pod ?? "", BlockCodec.MaxText);
            last = key;
        }
    }

    /// <summary>Replaces the content.</summary>
    /// <returns>False if the bytes are not a table; it is empty then.</returns>
    public bool TryRead(ReadOnlySpan<byte> plain, TextPool texts)
    {
        Clear();
        var reader = new ByteCursor(plain);
        if (reader.U8() != Version)
            return false;
        Stamp = reader.U32();
        uint count = reader.Number();
        // Each takes at least seven bytes.
        if (count > (uint)reader.Left / 7)
            reader.Fail();
        GroupKey last = default;
        for (; count > 0 && !reader.Failed; count--)
        {
            last = reader.U8() != 0
                ? last with { Backend = reader.Address(), Bport = reader.U16() }
                : new GroupKey(reader.U8(), reader.Address(), reader.U16(), reader.Address(), reader.U16());
            var owner = BlockReader.Owner(reader.U8());
            var state = BlockReader.State(reader.U8());
            _labels.Add(new SeriesLabel(last, texts.Get(reader.Bytes(BlockCodec.MaxText)), owner, state));
        }

        if (!reader.Failed)
            return true;
        Clear();
        return false;
    }
}
