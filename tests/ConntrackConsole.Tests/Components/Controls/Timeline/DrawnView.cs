using System.Buffers.Binary;
using System.Text;

namespace ConntrackConsole.Tests.Components.Controls.Timeline;

/// <summary>What the canvas has: reads views and increments as wwwroot/js does, into texts and rows that can be compared.</summary>
internal sealed class DrawnView
{
    private double _fromMs, _stepMs;
    private int _columns;
    private string _head = "";
    private List<(string Head, List<(string Head, int[][] Rows)> Backends)> _lanes = [];
    private List<string> _rollouts = [], _terminations = [], _gaps = [], _restarts = [];
    private int[][] _resets = [], _rates = [], _gauges = [];
    private List<string> _names = [], _failures = [];

    public double Version { get; private set; }

    public static DrawnView Read(byte[] bytes)
    {
        var reader = new Bytes(bytes);
        var view = Begin(reader);
        view._lanes = reader.List(() => (reader.Texts(3), reader.List(() => (reader.BackendHead(), view.Rows(reader)))));
        view._head += $" {reader.Varint()}";
        view._rollouts = reader.List(reader.Rollout);
        view._head += $" {reader.Varint()}";
        view._terminations = reader.List(reader.Termination);
        view._resets = view.Rows(reader);
        (view._gaps, view._restarts) = (reader.List(reader.Gap), reader.List(reader.Restart));
        if (reader.U8() == 1)
        {
            (view._rates, view._gauges) = ([.. Enumerable.Range(0, 5).Select(_ => view.Row(reader, 0))], [.. Enumerable.Range(0, 4).Select(_ => view.Row(reader, 0))]);
            (view._names, view._failures) = (reader.List(() => reader.Texts(1)), reader.List(reader.Failure));
        }

        Xunit.Assert.True(reader.IsAtEnd);
        return view;
    }

    /// <summary>Null if the increment is for another view.</summary>
    public DrawnView? With(byte[] bytes)
    {
        var reader = new Bytes(bytes);
        var view = Begin(reader);
        if (reader.F64() != Version)
            return null;
        int moved = (int)((view._fromMs - _fromMs) / _stepMs);
        var last = new (int From, int[] Values)[5];
        view._lanes = reader.List(() =>
        {
            int place = (int)reader.Varint();
            string head = reader.U8() == 1 ? reader.Texts(3) : _lanes[place - 1].Head;
            var backends = Items(place == 0 ? [] : _lanes[place - 1].Backends, () => (reader.BackendHead(), Array.Empty<int[]>()));
            return (head, backends.ConvertAll(backend => (backend.Item1, Moved(backend.Item2))));
        });
        view._head += $" {reader.Varint()}";
        view._rollouts = Items(_rollouts, reader.Rollout);
        view._head += $" {reader.Varint()}";
        view._terminations = Items(_terminations, reader.Termination);
        view._resets = Moved(_resets);
        (view._gaps, view._restarts) = (Items(_gaps, reader.Gap), Items(_restarts, reader.Restart));
        if (reader.U8() == 1)
        {
            (view._rates, view._gauges) = (Moved(_rates, 5), Moved(_gauges, 4));
            (view._names, view._failures) = (Items(_names, () => reader.Texts(1)), Items(_failures, reader.Failure));
        }

        Xunit.Assert.True(reader.IsAtEnd);
        return view;

        List<T> Items<T>(List<T> kept, Func<T> read)
        {
            int count = (int)reader.Varint();
            var items = new List<T>();
            while (items.Count < count)
            {
                int run = (int)reader.Varint();
                if ((run & 1) == 1)
                    items.AddRange(kept.GetRange((int)reader.Varint(), run >> 1));
                else
                    items.AddRange(Enumerable.Range(0, run >> 1).Select(_ => read()));
            }

            return items;
        }

        int[][] Moved(int[][] kept, int count = 3)
        {
            byte mask = reader.U8();
            int[][] rows = new int[count][];
            for (int row = 0; row < rows.Length; row++)
            {
                if ((mask & (1 << row)) != 0)
                {
                    int from = (int)reader.Varint();
                    last[row] = (from, view.Row(reader, from));
                }

                rows[row] = [.. last[row].Values];
                if (kept.Length > 0)
                    kept[row].AsSpan(moved, last[row].From).CopyTo(rows[row]);
                else
                    Xunit.Assert.Equal(0, last[row].From);
            }

            return rows;
        }
    }

    /// <summary>Everything that is drawn, as text.</summary>
    public override string ToString() => string.Join('\n',
    [
        _head, .. _lanes.SelectMany(lane => lane.Backends.Select(backend => $"{backend.Head} {Text(backend.Rows)}").Prepend(lane.Head)), "rollouts", .. _rollouts, "terminations",
        .. _terminations, "resets", Text(_resets), "gaps", .. _gaps, "restarts", .. _restarts,
        "counters", Text(_rates), Text(_gauges), .. _names, .. _failures,
    ]);

    private static string Text(int[][] rows) => string.Join('/', rows.Select(row => string.Join(',', row)));

    private static DrawnView Begin(Bytes reader)
    {
        var view = new DrawnView { Version = reader.F64(), _fromMs = reader.F64(), _stepMs = reader.F64() };
        view._head = $"{view.Version} {view._fromMs} {view._stepMs} {reader.F64()} {view._columns = (int)reader.Varint()} {reader.U8()} {reader.Varint()}";
        return view;
    }

    private int[][] Rows(Bytes reader) => [Row(reader, 0), Row(reader, 0), Row(reader, 0)];

    private int[] Row(Bytes reader, int from)
    {
        int[] row = new int[_columns];
        while (from < _columns)
        {
            uint value = reader.Varint();
            int end = from + (int)reader.Varint();
            row.AsSpan(from..end).Fill((int)(value >> 1) ^ -(int)(value & 1));
            from = end;
        }

        return row;
    }

    private sealed class Bytes(byte[] bytes)
    {
        private int _at = 4;

        public bool IsAtEnd => _at == bytes.Length;

        public byte U8() => bytes[_at++];

        public double F64()
        {
            _at += 8;
            return BinaryPrimitives.ReadDoubleLittleEndian(bytes.AsSpan(_at - 8));
        }

        public uint Varint()
        {
            uint value = 0;
            for (int shift = 0; ; shift += 7)
            {
                byte next = U8();
                value |= (uint)(next & 0x7F) << shift;
                if (next < 0x80)
                    return value;
            }
        }

        public string Texts(int count) => string.Join('|', Enumerable.Range(0, count).Select(_ => Text()));

        public List<T> List<T>(Func<T> read) => [.. Enumerable.Range(0, (int)Varint()).Select(_ => read())];

        public string BackendHead() => $"{Texts(2)} {U8()}";

        public string Rollout() => $"{Texts(3)} {U8()} {U8()} {Times(4)}";

        public string Termination() => $"{Texts(6)} {Varint()} {Times(13)} {U8()} {Text()} {Varint()}";

        public string Gap() => $"{Text()} {U8()} {Text()} {Times(2)}";

        public string Failure() => $"{F64()} {Text()} {Varint()}";

        public string Restart() => $"{F64()} {U8()} {Texts(2)}";

        private string Text()
        {
            int length = (int)Varint();
            _at += length;
            return Encoding.UTF8.GetString(bytes, _at - length, length);
        }

        private string Times(int count) => string.Join(' ', Enumerable.Range(0, count).Select(_ => F64()));
    }
}
