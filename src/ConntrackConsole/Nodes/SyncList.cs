using System.Runtime.CompilerServices;

namespace ConntrackConsole.Nodes;

/// <summary>The syncs of one node, ordered by their end, sixteen bytes each: a large cluster has millions of them in an hour.</summary>
internal sealed class SyncList
{
    private const int MinSpare = 64;

    private Entry[] _entries = [];
    private int _start;

    public int Count { get; private set; }

    /// <summary>Size of the array.</summary>
    public long Bytes => (long)_entries.Length * Unsafe.SizeOf<Entry>();

    /// <summary>When a sync ended.</summary>
    public long AtMs(int index) => _entries[_start + index].AtMs;

    public long CoversMs(int index) => _entries[_start + index] is var entry ? entry.AtMs - entry.CoversBeforeMs : 0;

    public long SeenMs(int index) => _entries[_start + index] is var entry ? entry.AtMs + entry.SeenAfterMs : 0;

    /// <summary>The index of the first sync that ended at a moment or later.</summary>
    public int From(long atMs)
    {
        int low = 0, high = Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (AtMs(middle) < atMs)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }

    public void Insert(int index, long atMs, long coversMs, long seenMs)
    {
        if (_start + Count == _entries.Length)
            Grow();
        var moved = _entries.AsSpan(_start + index, Count - index);
        moved.CopyTo(_entries.AsSpan(_start + index + 1));
        _entries[_start + index] = new Entry(atMs, Clamped(atMs - coversMs), Clamped(seenMs - atMs));
        Count++;
    }

    /// <summary>The same sync was read again, and its rules are known to contain later changes.</summary>
    public void Cover(int index, long coversMs)
    {
        ref var entry = ref _entries[_start + index];
        entry = entry with { CoversBeforeMs = Clamped(entry.AtMs - coversMs) };
    }

    public void RemoveFirst()
    {
        _start++;
        Count--;
        if (_entries.Length > Count + (Count / 2) + MinSpare)
            Move(Sized());
    }

    // A quarter more than is used: it is the same for every node.
    private void Grow()
    {
        Move(_start > Count / 4 ? _entries : Sized());
    }

    private Entry[] Sized() => new Entry[Count + (Count / 4) + 4];

    private void Move(Entry[] to)
    {
        _entries.AsSpan(_start, Count).CopyTo(to);
        (_entries, _start) = (to, 0);
    }

    private static int Clamped(long ms) => (int)Math.Clamp(ms, int.MinValue, int.MaxValue);

    private readonly record struct Entry(long AtMs, int CoversBeforeMs, int SeenAfterMs);
}
