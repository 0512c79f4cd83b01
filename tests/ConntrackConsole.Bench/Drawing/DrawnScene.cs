using System.Text.Json;
using ConntrackConsole.Components.Controls.Timeline;
using ConntrackConsole.Components.Controls.Timeline.Notes;
using ConntrackConsole.Timeline.Model;

namespace ConntrackConsole.Bench.Drawing;

/// <summary>A live view of 20 lanes, second by second: findings, terminations, fifteen Services with 47 backends, three of resets.</summary>
internal sealed class DrawnScene
{
    private const int Columns = 1_000, Services = 15, Backends = 47;
    private const long BeganMs = 1_800_000_000_000;

    private readonly Random _random = new(5);
    private readonly int[][] _entries = [.. Enumerable.Range(0, Backends).Select(_ => new int[Columns])];
    private readonly int[][] _resets = [.. Enumerable.Range(0, 3).Select(_ => new int[Columns])];
    private readonly List<TerminationSpan> _terminations = [];
    private int _second;

    public DrawnScene()
    {
        for (int i = 0; i < Columns; i++)
            Move();
        for (int i = 0; i < ViewBytes.MaxTerminations; i++)
        {
            long endedMs = BeganMs + _random.NextInt64(Columns * 1_000L);
            _terminations.Add(new TerminationSpan(
                $"u{i}", "shop", $"checkout-{i}", $"10.1.2.{i % 250}", "node1", "shop/s0", endedMs - 30_000, endedMs - 29_900, endedMs + 100, endedMs, 137, endedMs + 900,
                Wire.OwnerState.Gone, i % 7 == 0 ? 3 : 0));
        }
    }

    /// <summary>What the last <see cref="Next"/> returned.</summary>
    public ShownView Last { get; private set; } = null!;

    /// <summary>As the page sends it; with the terminations, 5,000 spans.</summary>
    public static string Notes { get; } =
        JsonSerializer.Serialize(new ChartNotes(Spans(5_000 - ViewBytes.MaxTerminations), [], []), JsonSerializerOptions.Web);

    /// <summary>The view one second later.</summary>
    public ShownView Next()
    {
        Move();
        _second++;
        long fromMs = BeganMs + (_second * 1_000L);
        int backend = 0;
        var lanes = Enumerable.Range(0, Services).Select(service => new ServiceLane("shop", $"s{service}", $"10.96.0.{service + 1}", 80, "tcp",
        [
            .. Enumerable.Range(0, (Backends / Services) + (service < Backends % Services ? 1 : 0)).Select(_ => backend++).Select(number => new BackendSeries(
                $"10.1.1.{number}", 8080, $"shop/s-{number}", Wire.OwnerState.Live, EntryState.Active, [.. _entries[number]], new int[Columns], new int[Columns])),
        ])).ToList();
        var view = new TimelineView(
            fromMs, fromMs + (Columns * 1_000L), 1_000, Columns, lanes, _terminations, new ResetLane([.. _resets[0]], [.. _resets[1]], [.. _resets[2]]), [], [], fromMs + (Columns * 1_000L) - 300);
        return Last = ViewBytes.Of(view, Services, true, null);
    }

    // Every second about half of the counts change.
    private void Move()
    {
        foreach (int[] row in _entries)
            Push(row, _random.Next(2) == 0 ? row[^1] : _random.Next(40, 60));
        foreach (int[] row in _resets)
            Push(row, _random.Next(10) == 0 ? _random.Next(1, 30) : 0);
    }

    private static void Push(int[] row, int value)
    {
        Array.Copy(row, 1, row, 0, row.Length - 1);
        row[^1] = value;
    }

    private static ChartSpan[] Spans(int count) =>
    [
        .. from i in Enumerable.Range(0, count)
           let fromMs = BeganMs + (i * Columns * 1_000L / count)
           select new ChartSpan(fromMs, fromMs + 20_000, $"finding {i}", i % 3 == 0 ? "bad" : "", $"/findings/{i}", [new ChartMoment(fromMs, "began")]),
    ];
}
