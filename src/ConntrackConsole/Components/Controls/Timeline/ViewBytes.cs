using System.Buffers;
using ConntrackConsole.Components.State;
using ConntrackConsole.Components.Text;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Components.Controls.Timeline;

/// <summary>
/// Encodes a view for the canvas (wwwroot/js/view.js): one array of bytes, little-endian, lengths as varints, counts as
/// runs of equal values (connection counts rarely change, so a lane of 900 columns is some tens of bytes). What a browser that has the
/// view before still needs is a <see cref="ViewIncrement"/>.
/// </summary>
internal static class ViewBytes
{
    // A day of a large cluster has thousands of terminations: the canvas shows the most relevant ones, the table more.
    public const int MaxTerminations = 300;
    public const int MaxRollouts = 100;
    public const int MaxRestarts = 300;

    private const uint Magic = 0x34565443; // "CTV4"

    private static readonly SharedByView<(int Lanes, bool Live, string? Rollout), ShownView> Encoded =
        new((view, shown) => Show(view, view.Lanes(shown.Lanes), shown.Live, shown.Rollout));

    /// <summary>A view as it is drawn; pages that show it alike share it.</summary>
    /// <param name="maxLanes">How many lanes are drawn, the most relevant ones.</param>
    public static ShownView Of(TimelineView view, int maxLanes, bool live, string? rolloutId) => Encoded.Of(view, (maxLanes, live, rolloutId));

    public static byte[] Write(TimelineView view, IReadOnlyList<ServiceLane> lanes, bool live, string? rolloutId = null) => Write(Show(view, lanes, live, rolloutId));

    /// <summary>The whole view.</summary>
    public static byte[] Write(ShownView shown)
    {
        ArgumentNullException.ThrowIfNull(shown);
        var bytes = new ArrayBufferWriter<byte>(16 * 1024);
        var to = new BinaryBufferWriter(bytes);
        Begin(to, Magic, shown);
        to.Varint((uint)shown.Lanes.Count);
        foreach (var lane in shown.Lanes)
        {
            bytes.Write(lane.Head);
            to.Varint((uint)lane.Backends.Count);
            foreach (var backend in lane.Backends)
            {
                bytes.Write(backend.Head);
                foreach (int[] series in backend.Series)
                    Series(to, series, 0, shown.Columns);
            }
        }

        to.Varint((uint)shown.OmittedRollouts);
        Items(shown.Rollouts);
        to.Varint((uint)shown.OmittedTerminations);
        Items(shown.Terminations);
        foreach (int[] series in shown.Resets)
            Series(to, series, 0, shown.Columns);
        Items(shown.Gaps);
        Items(shown.Restarts);
        to.U8(shown.Counters is null ? (byte)0 : (byte)1);
        if (shown.Counters is { } counters)
        {
            foreach (int[] series in counters.Rates.Concat(counters.Gauges))
                Series(to, series, 0, shown.Columns);
            Items(counters.Names);
            Items(counters.Failures);
        }

        return bytes.WrittenSpan.ToArray();

        void Items(IReadOnlyList<byte[]> items)
        {
            to.Varint((uint)items.Count);
            foreach (byte[] item in items)
                bytes.Write(item);
        }
    }

    /// <summary>What both forms begin with.</summary>
    public static void Begin(BinaryBufferWriter to, uint magic, ShownView shown)
    {
        to.U32(magic);
        to.F64(shown.Version);
        to.F64(shown.FromMs);
        to.F64(shown.StepMs);
        to.F64(shown.NowMs);
        to.Varint((uint)shown.Columns);
        to.U8(shown.Flags);
        to.Varint((uint)shown.HiddenLanes);
    }

    private static ShownView Show(TimelineView view, IReadOnlyList<ServiceLane> lanes, bool live, string? rolloutId)
    {
        // A range without data has unknown resets, not zero.
        bool noData = !view.HasRecords();
        var rollouts = Rollouts(view, rolloutId);
        var indexes = rollouts.Select((rollout, index) => (rollout.Id, index)).ToDictionary(pair => pair.Id, pair => pair.index + 1);
        var terminations = Terminations(view, rolloutId);
        var item = new ArrayBufferWriter<byte>(256);
        return new ShownView(
            view.FromMs, view.StepMs, view.NowMs, view.Columns, (byte)((live ? 1 : 0) | (noData ? 2 : 0)), view.Services.Count - lanes.Count,
            [.. lanes.Select(lane => Lane(lane, item))], view.Rollouts.Count - rollouts.Count, Items(rollouts, WriteRollout),
            view.Terminations.Count - terminations.Count,
            Items(terminations, (to, span) => WriteTermination(to, span, span.Reported?.RolloutId is { } id ? indexes.GetValueOrDefault(id) : 0)),
            noData ? [[], [], []] : [view.Resets.UnNated, view.Resets.FromBackend, view.Resets.Other], Items(ShownGaps.Of(view), WriteGap),
            Items(view.Restarts.OrderByDescending(restart => restart.AtMs).Take(MaxRestarts).OrderBy(restart => restart.AtMs), WriteRestart))
        {
            Counters = view.Counters is not { } counters ? null : new ShownCounters(
                noData ? [[], [], [], [], []] : counters.Rates, noData ? [[], [], [], []] : counters.Gauges, Items(counters.Names, (to, name) => to.Text(name)),
                Items(counters.Failures, WriteFailure)),
        };

        byte[][] Items<T>(IEnumerable<T> items, Action<BinaryBufferWriter, T> write) => [.. items.Select(value => Item(item, to => write(to, value)))];
    }

    private static byte[] Item(ArrayBufferWriter<byte> buffer, Action<BinaryBufferWriter> write)
    {
        buffer.ResetWrittenCount();
        write(new BinaryBufferWriter(buffer));
        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteGap(BinaryBufferWriter to, GapSpan gap)
    {
        to.Text(gap.Node ?? "");
        to.U8((byte)gap.Kind);
        to.Text(gap.Text);
        to.F64(gap.FromMs);
        to.F64(gap.ToMs);
    }

    private static void WriteRestart(BinaryBufferWriter to, PodRestart restart)
    {
        to.F64(restart.AtMs);
        to.U8((byte)restart.Kind);
        to.Text(restart.Ip.IsNone ? "" : restart.Ip.ToString());
        to.Text(DisplayText.Describe(restart));
    }

    private static void WriteFailure(BinaryBufferWriter to, SyncFailure failure)
    {
        to.F64(failure.AtMs);
        to.Text(failure.Node);
        to.Varint((uint)failure.Count);
    }

    private static ShownLane Lane(ServiceLane lane, ArrayBufferWriter<byte> item)
    {
        string key = $"{lane.Proto} {lane.Vip} {lane.Port}";
        byte[] head = Item(item, to =>
        {
            to.Text(key);
            to.Text(lane.Name.Length > 0 ? lane.Name : lane.Vip);
            to.Text($"{Ipvs(lane)}{Address(lane.Vip, lane.Port)} {lane.Proto}{(lane.Claims.Count > 1 ? $", claimed by {lane.Claims.Count} Services" : "")}");
        });
        // Stale bands are at the bottom, on one line for as long as they last; the others in order of appearance, as in a rollout.
        var backends = Shown(lane)
            .OrderByDescending(backend => backend.Stale.AsSpan().ContainsAnyInRange(1, int.MaxValue)).ThenBy(backend => backend.Entries.AsSpan().IndexOfAnyInRange(1, int.MaxValue));
        return new ShownLane(key, head, [.. backends.Select(backend => new ShownBackend(Item(item, to => WriteBackend(to, backend)), [backend.Entries, backend.Stale, backend.Closing]))]);
    }

    private static void WriteBackend(BinaryBufferWriter to, BackendSeries backend)
    {
        to.Text(backend.BackendIp);
        to.Text(backend.Pod is { } pod ? pod[(pod.IndexOf('/', StringComparison.Ordinal) + 1)..] : Address(backend.BackendIp, backend.Port));
        to.U8((byte)backend.StateNow);
    }

    // A lane without its backends is one band.
    private static IReadOnlyList<BackendSeries> Shown(ServiceLane lane) => lane is { OmitsBackends: true, Sum: { } sum }
        ? [new BackendSeries("", 0, "/all backends", OwnerState.Unknown, EntryState.Unknown, sum.Entries, sum.Closing, sum.Stale)]
        : lane.Backends;

    // First, because the canvas cuts the end; the check explains what IPVS does with them.
    private static string Ipvs(ServiceLane lane) => lane.IpvsRemoved + lane.IpvsDraining is > 0 and var kept ? $"IPVS keeps {kept:N0} · " : "";

    // The selected rollout, then open ones, then the newest.
    private static List<Rollout> Rollouts(TimelineView view, string? selected) =>
    [
        .. view.Rollouts.OrderByDescending(rollout => rollout.Id == selected).ThenByDescending(rollout => rollout.IsOpen).ThenByDescending(rollout => rollout.StartedMs)
            .DistinctBy(rollout => rollout.Id).Take(MaxRollouts).OrderBy(rollout => rollout.StartedMs),
    ];

    private static List<TerminationSpan> Terminations(TimelineView view, string? rolloutId) =>
        view.Terminations.Count <= MaxTerminations ? [.. view.Terminations] :
        [
            .. view.Terminations.OrderByDescending(span => span.StaleEntries > 0).ThenByDescending(span => rolloutId is not null && span.Reported?.RolloutId == rolloutId)
                .ThenByDescending(span => span.OverMs is null).ThenByDescending(span => span.DeletionRequestedMs).Take(MaxTerminations),
        ];

    private static void WriteRollout(BinaryBufferWriter to, Rollout rollout)
    {
        to.Text(rollout.Id);
        to.Text(rollout.Label());
        to.Text(rollout.Namespace);
        to.U8((byte)rollout.State());
        to.U8(rollout.IsRollback ? (byte)1 : (byte)0);
        to.F64(rollout.StartedMs);
        to.F64(rollout.SurgedMs ?? double.NaN);
        to.F64(rollout.StuckMs ?? double.NaN);
        to.F64(rollout.ClosedMs ?? double.NaN);
    }

    /// <param name="rollout">1-based index of its rollout in the list; 0 for none.</param>
    private static void WriteTermination(BinaryBufferWriter to, TerminationSpan span, int rollout)
    {
        to.Text(span.Uid);
        to.Text(span.Pod);
        to.Text(span.PodIp);
        to.Text(span.Node);
        to.Text(DisplayText.Letter(span.Reported?.Cause ?? TerminationCause.Unknown));
        to.Text(DisplayText.Name(span.Reported?.Cause ?? TerminationCause.Unknown));
        to.Varint((uint)rollout);
        to.F64(span.DeletionRequestedMs);
        to.F64(span.OverMs ?? double.NaN);
        foreach (var phase in TerminationPhases.All)
            to.F64(span.At(phase) ?? double.NaN);
        to.F64(span.Reported?.GraceSeconds is { } grace and > 0 ? span.DeletionRequestedMs + (grace * 1000L) : double.NaN);
        to.U8((byte)ContainerExits.Of(span));
        to.Text(ContainerExits.Describe(span));
        to.Varint((uint)Math.Max(0, span.StaleEntries));
    }

    public static string Address(string ip, int port) => ip.Contains(':', StringComparison.Ordinal) ? $"[{ip}]:{port}" : $"{ip}:{port}";

    /// <summary>Pairs (value, run length), values zigzag-encoded because unknown is −1. A short array is padded with unknown.</summary>
    /// <param name="from">The first column that is written.</param>
    public static void Series(BinaryBufferWriter to, int[] values, int from, int columns)
    {
        for (int i = from; i < columns;)
        {
            int value = At(values, i), end = i + 1;
            while (end < columns && At(values, end) == value)
                end++;
            to.Varint(Varint.ZigZag(value));
            to.Varint((uint)(end - i));
            i = end;
        }
    }

    public static int At(int[] values, int column) => (uint)column < (uint)values.Length ? values[column] : -1;
}
