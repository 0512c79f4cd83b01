using System.Buffers;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Components.Controls.Timeline;

/// <summary>
/// Encodes what a browser needs that has a former view (wwwroot/js/increment.js): which items it keeps, those that are new, and of each row the
/// columns from the first one that differs, after the row was moved with the window. Rows that end alike, as those without any value do,
/// are sent once.
/// </summary>
internal static class ViewIncrement
{
    public const uint Magic = 0x32495443; // "CTI2"

    /// <returns>Null if the whole view must be sent: other columns, or nothing that both have.</returns>
    public static byte[]? Between(ShownView former, ShownView next)
    {
        ArgumentNullException.ThrowIfNull(former);
        ArgumentNullException.ThrowIfNull(next);
        long movedMs = next.FromMs - former.FromMs;
        if (former.StepMs != next.StepMs || former.Columns != next.Columns || former.Flags != next.Flags || movedMs < 0 || movedMs % next.StepMs != 0
            || movedMs / next.StepMs >= next.Columns)
        {
            return null;
        }

        var writer = new Writer((int)(movedMs / next.StepMs), next.Columns);
        ViewBytes.Begin(writer.To, Magic, next);
        writer.To.F64(former.Version);
        writer.Lanes(former.Lanes, next.Lanes);
        writer.To.Varint((uint)next.OmittedRollouts);
        writer.Items(former.Rollouts, next.Rollouts);
        writer.To.Varint((uint)next.OmittedTerminations);
        writer.Items(former.Terminations, next.Terminations);
        writer.Rows(former.Resets, next.Resets);
        writer.Items(former.Gaps, next.Gaps);
        writer.Items(former.Restarts, next.Restarts);
        writer.Counters(former.Counters, next.Counters);
        return writer.Bytes;
    }

    private sealed class Writer
    {
        private readonly ArrayBufferWriter<byte> _bytes = new(4 * 1024);
        private readonly int _moved;
        private readonly int _columns;
        private readonly (int From, int[] Values)[] _last = [(-1, []), (-1, []), (-1, []), (-1, []), (-1, [])];

        public Writer(int moved, int columns)
        {
            (_moved, _columns) = (moved, columns);
            To = new BinaryBufferWriter(_bytes);
        }

        public BinaryBufferWriter To { get; }

        public byte[] Bytes => _bytes.WrittenSpan.ToArray();

        public void Lanes(IReadOnlyList<ShownLane> former, IReadOnlyList<ShownLane> next)
        {
            var places = new Dictionary<string, int>(former.Count);
            for (int i = 0; i < former.Count; i++)
                places.TryAdd(former[i].Key, i);
            To.Varint((uint)next.Count);
            foreach (var lane in next)
            {
                int at = places.GetValueOrDefault(lane.Key, -1);
                To.Varint((uint)(at + 1));
                bool isSame = at >= 0 && former[at].Head.AsSpan().SequenceEqual(lane.Head);
                To.U8(isSame ? (byte)0 : (byte)1);
                if (!isSame)
                    _bytes.Write(lane.Head);
                Backends(at < 0 ? [] : former[at].Backends, lane.Backends);
            }
        }

        public void Counters(ShownCounters? former, ShownCounters? next)
        {
            To.U8(next is null ? (byte)0 : (byte)1);
            if (next is null)
                return;
            Rows(former?.Rates, next.Rates);
            Rows(former?.Gauges, next.Gauges);
            Items((former ?? ShownCounters.None).Names, next.Names);
            Items((former ?? ShownCounters.None).Failures, next.Failures);
        }

        private void Backends(IReadOnlyList<ShownBackend> former, IReadOnlyList<ShownBackend> next)
        {
            int[] kept = Items([.. former.Select(backend => backend.Head)], [.. next.Select(backend => backend.Head)]);
            for (int i = 0; i < next.Count; i++)
                Rows(kept[i] < 0 ? null : former[kept[i]].Series, next[i].Series);
        }

        /// <summary>Runs of items that are kept (length · 2 + 1, first one) and of new ones (length · 2, the items).</summary>
        /// <returns>For each item its index in the former list; -1 for a new one.</returns>
        public int[] Items(byte[][] former, byte[][] next)
        {
            int[] kept = Kept(former, next);
            To.Varint((uint)next.Length);
            for (int i = 0; i < next.Length;)
            {
                int end = i + 1;
                while (end < next.Length && (kept[i] < 0 ? kept[end] < 0 : kept[end] == kept[end - 1] + 1))
                    end++;
                To.Varint(((uint)(end - i) << 1) | (kept[i] < 0 ? 0u : 1u));
                if (kept[i] >= 0)
                    To.Varint((uint)kept[i]);
                for (; i < end; i++)
                {
                    if (kept[i] < 0)
                        _bytes.Write(next[i]);
                }
            }

            return kept;
        }

        // Nearly always they are in the same order, and nothing has to be looked up.
        private static int[] Kept(byte[][] former, byte[][] next)
        {
            int[] kept = new int[next.Length];
            int expected = 0;
            Dictionary<byte[], int>? places = null;
            for (int i = 0; i < next.Length; i++)
            {
                int at = expected;
                if (expected >= former.Length || !former[expected].AsSpan().SequenceEqual(next[i]))
                    at = (places ??= Places(former)).GetValueOrDefault(next[i], -1);
                kept[i] = at;
                if (at >= 0)
                    expected = at + 1;
            }

            return kept;
        }

        private static Dictionary<byte[], int> Places(byte[][] items)
        {
            var places = new Dictionary<byte[], int>(items.Length, ByBytes.Instance);
            for (int i = 0; i < items.Length; i++)
                places.TryAdd(items[i], i);
            return places;
        }

        /// <summary>
        /// A bit for each row that does not end as the last one of its kind that was written; then, of these, the first column and the values.
        /// </summary>
        public void Rows(int[][]? former, int[][] next)
        {
            Span<int> from = stackalloc int[next.Length];
            byte mask = 0;
            for (int i = 0; i < next.Length; i++)
            {
                from[i] = former is null ? 0 : FirstChange(former[i], next[i]);
                if (from[i] == _last[i].From && EndsAlike(_last[i].Values, next[i], from[i]))
                    continue;
                mask |= (byte)(1 << i);
                _last[i] = (from[i], next[i]);
            }

            To.U8(mask);
            for (int i = 0; i < next.Length; i++)
            {
                if ((mask & (1 << i)) == 0)
                    continue;
                To.Varint((uint)from[i]);
                ViewBytes.Series(To, next[i], from[i], _columns);
            }
        }

        private int FirstChange(int[] former, int[] next)
        {
            int end = Math.Max(0, _columns - _moved);
            int column = Math.Min(end, Math.Min(next.Length, former.Length - _moved)) is var both and > 0
                ? former.AsSpan(_moved, both).CommonPrefixLength(next.AsSpan(0, both)) : 0;
            while (column < end && ViewBytes.At(former, column + _moved) == ViewBytes.At(next, column))
                column++;
            return column;
        }

        private bool EndsAlike(int[] a, int[] b, int from)
        {
            if (ReferenceEquals(a, b))
                return true;
            for (int column = from; column < _columns; column++)
            {
                if (ViewBytes.At(a, column) != ViewBytes.At(b, column))
                    return false;
            }

            return true;
        }
    }

    private sealed class ByBytes : IEqualityComparer<byte[]>
    {
        public static readonly ByBytes Instance = new();

        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] obj)
        {
            var hash = default(HashCode);
            hash.AddBytes(obj);
            return hash.ToHashCode();
        }
    }
}
