using System.Numerics;

namespace ConntrackConsole.Collector.Observation.Flows;

/// <summary>Predicate for the row to find.</summary>
internal interface IRowMatch
{
    bool Is(int row);
}

/// <summary>
/// Finds row numbers by a 64-bit hash: 256 shards with open addressing and four bytes per slot. Each shard grows alone and by a
/// quarter, so that an insertion moves at most 1/256 of the index and at most 36 per cent of the slots are free.
/// </summary>
/// <param name="hashOf">The hash of a row that is in the index.</param>
internal sealed class RowIndex(Func<int, ulong> hashOf)
{
    /// <summary>Row numbers must be below this: 24 bits of a slot are the row number, 8 a part of the hash.</summary>
    public const int MaxRows = (1 << 24) - 1;

    private const int ShardCount = 256;
    private const int FirstCapacity = 8;
    private const uint RowMask = (1 << 24) - 1;

    private readonly Shard[] _shards = new Shard[ShardCount];

    /// <summary>Size of the slots.</summary>
    public long Bytes
    {
        get
        {
            long slots = 0;
            foreach (ref readonly var shard in _shards.AsSpan())
                slots += shard.Slots?.Length ?? 0;
            return slots * sizeof(uint);
        }
    }

    /// <summary>Reads the first slot for this hash, so that it is in the CPU cache when it is needed.</summary>
    public uint Touch(ulong hash)
    {
        var slots = _shards[hash >> 56].Slots;
        return slots is null ? 0 : slots[Home(hash, slots)];
    }

    /// <summary>The row that matches, or -1.</summary>
    public int Find<TMatch>(ulong hash, in TMatch match)
        where TMatch : struct, IRowMatch
    {
        var slots = _shards[hash >> 56].Slots;
        if (slots is null)
            return -1;
        uint tag = TagOf(hash);
        for (uint at = Home(hash, slots); ; at = Next(at, slots))
        {
            uint slot = slots[at];
            if (slot == 0)
                return -1;
            if ((slot & ~RowMask) != tag)
                continue;
            int row = (int)(slot & RowMask) - 1;
            if (match.Is(row))
                return row;
        }
    }

    /// <summary>Reserves capacity for a known number of rows.</summary>
    public void Reserve(int rows)
    {
        // Shard sizes differ by a few per cent.
        int capacity = FirstCapacity + (int)((long)rows * 17 / 16 * 5 / 4 / ShardCount);
        foreach (ref var shard in _shards.AsSpan())
        {
            if (shard.Slots is null)
                shard.Slots = new uint[capacity];
            else if (shard.Slots.Length < capacity)
                shard.Slots = Grown(shard.Slots, capacity);
        }
    }

    /// <summary>Adds a row; the same hash, and even the same key, may occur more than once.</summary>
    public void Add(ulong hash, int row)
    {
        ref var shard = ref _shards[hash >> 56];
        var slots = shard.Slots ??= new uint[FirstCapacity];
        if (shard.Count >= slots.Length - (slots.Length / 5))
            shard.Slots = slots = Grown(slots, slots.Length + (slots.Length / 4));
        Place(slots, hash, TagOf(hash) | (uint)(row + 1));
        shard.Count++;
    }

    /// <summary>Removes a row; does nothing if it is not in the index.</summary>
    public void Remove(ulong hash, int row)
    {
        ref var shard = ref _shards[hash >> 56];
        var slots = shard.Slots;
        if (slots is null)
            return;
        uint wanted = TagOf(hash) | (uint)(row + 1);
        uint at = Home(hash, slots);
        while (slots[at] != wanted)
        {
            if (slots[at] == 0)
                return;
            at = Next(at, slots);
        }

        // Close the gap: following slots move up unless that would place them before their home slot.
        shard.Count--;
        for (uint next = Next(at, slots); slots[next] != 0; next = Next(next, slots))
        {
            uint home = Home(hashOf((int)(slots[next] & RowMask) - 1), slots);
            if (Distance(home, next, slots) < Distance(at, next, slots))
                continue;
            slots[at] = slots[next];
            at = next;
        }

        slots[at] = 0;
    }

    private uint[] Grown(uint[] slots, int capacity)
    {
        var grown = new uint[capacity];
        foreach (uint slot in slots)
        {
            if (slot != 0)
                Place(grown, hashOf((int)(slot & RowMask) - 1), slot);
        }

        return grown;
    }

    private static void Place(uint[] slots, ulong hash, uint slot)
    {
        uint at = Home(hash, slots);
        while (slots[at] != 0)
            at = Next(at, slots);
        slots[at] = slot;
    }

    // The low half of the hash, scaled to the number of slots: the other half chooses the shard and is the tag.
    private static uint Home(ulong hash, uint[] slots) => (uint)(((hash & uint.MaxValue) * (uint)slots.Length) >> 32);

    private static uint Next(uint at, uint[] slots) => at + 1 == (uint)slots.Length ? 0 : at + 1;

    private static uint Distance(uint from, uint to, uint[] slots) => to >= from ? to - from : to + (uint)slots.Length - from;

    private static uint TagOf(ulong hash) => (uint)(hash >> 24) & ~RowMask; // bits 48 to 55 of the hash

    private struct Shard
    {
        public uint[]? Slots;
        public int Count;
    }
}

/// <summary>Keyed hash: an attacker who chooses addresses and ports cannot choose their slots.</summary>
internal static class RowHash
{
    private static readonly ulong Seed = (ulong)Random.Shared.NextInt64() | 1;

    public static ulong Of(uint src, uint dst, uint ports, uint rest)
    {
        ulong hash = (((ulong)src << 32) | dst) ^ Seed;
        hash *= 0x9E3779B97F4A7C15;
        hash ^= BitOperations.RotateRight(hash, 29) + (((ulong)ports << 32) | rest);
        hash *= 0xBF58476D1CE4E5B9;
        hash ^= hash >> 32;
        hash *= 0x94D049BB133111EB;
        return hash ^ (hash >> 29);
    }
}
