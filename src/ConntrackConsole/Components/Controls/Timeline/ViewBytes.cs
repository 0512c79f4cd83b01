using System.Buffers;
using ConntrackConsole.Components.State;
using ConntrackConsole.Components.Text;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Components.Controls.Timeline;

/// <summary>
/// Encodes a view for the canvas (wwwroot/js/view.js): one array of bytes, little-endian, lengths as varints, counts as
/// runs of equal values (connection counts rarely change, so a lane of 900 columns is some tens of bytes).
/// </summary>
internal static class ViewBytes
{
    // A day of a large cluster has thousands of terminations: the canvas shows the most relevant ones, the table more.
    public const int MaxTerminations = 300;
    public const int MaxRollouts = 100;
    public const int MaxRestarts = 300;

    private const uint Magic = 0x32565443;

    private static readonly SharedByView<(int Lanes, bool Live, string? Rollout), byte[]> Encoded =
        new((view, shown) => Write(view, view.Lanes(shown.Lanes), shown.Live, shown.Rollout));

    /// <summary>The bytes of a view; they are shared and must not be changed.</summary>
    /// <param name="maxLanes">How many lanes are drawn, the most relevant ones.</param>
    public static byte[] Of(TimelineView view, int maxLanes, bool live, string? rolloutId) => Encoded.Of(view, (maxLanes, live, rolloutId));

    public static byte[] Write(TimelineView view, IReadOnlyList<ServiceLane> lanes, bool live, string? rolloutId = null)
    {
        // A range without data has unknown resets, not zero.
        bool noData = !view.HasRecords();
        var bytes = new ArrayBufferWriter<byte>(16 * 1024);
        var to = new BinaryBufferWriter(bytes);
        to.U32(Magic);
        to.F64(view.FromMs);
        to.F64(view.StepMs);
        to.F64(view.NowMs);
        to.Varint((uint)view.Columns);
        to.U8((byte)((live ? 1 : 0) | (noData ? 2 : 0)));
        to.Varint((uint)(view.Services.Count - lanes.Count));
        to.Varint((uint)lanes.Count);
        foreach (var lane in lanes)
            WriteLane(to, lane, view.Columns);
        var rollouts = Rollouts(view, rolloutId);
        to.Varint((uint)(view.Rollouts.Count - rollouts.Count));
        to.Varint((uint)rollouts.Count);
        foreach (var rollout in rollouts)
            WriteRollout(to, rollout);
        var indexes = rollouts.Select((rollout, index) => (rollout.Id, index)).ToDictionary(pair => pair.Id, pair => pair.index + 1);
        var terminations = Terminations(view, rolloutId);
        to.Varint((uint)(view.Terminations.Count - terminations.Count));
        to.Varint((uint)terminations.Count);
        foreach (var span in terminations)
            WriteTermination(to, span, span.Reported?.RolloutId is { } id ? indexes.GetValueOrDefault(id) : 0);
        Series(to, noData ? [] : view.Resets.UnNated, view.Columns);
        Series(to, noData ? [] : view.Resets.FromBackend, view.Columns);
        Series(to, noData ? [] : view.Resets.Other, view.Columns);
        to.Varint((uint)view.Gaps.Count);
        foreach (var gap in view.Gaps)
        {
            to.Text(gap.Node ?? "");
            to.U8((byte)gap.Kind);
            to.Text(gap.Text);
            to.F64(gap.FromMs);
            to.F64(gap.ToMs);
        }

        PodRestart[] restarts = [.. view.Restarts.OrderByDescending(restart => restart.AtMs).Take(MaxRestarts).OrderBy(restart => restart.AtMs)];
        to.Varint((uint)restarts.Length);
        foreach (var restart in restarts)
        {
            to.F64(restart.AtMs);
            to.U8((byte)restart.Kind);
            to.Text(restart.Ip.IsNone ? "" : restart.Ip.ToString());
            to.Text(DisplayText.Describe(restart));
        }

        return bytes.WrittenSpan.ToArray();
    }

    private static void WriteLane(BinaryBufferWriter to, ServiceLane lane, int columns)
    {
        to.Text($"{lane.Proto} {lane.Vip} {lane.Port}");
        to.Text(lane.Name.Length > 0 ? lane.Name : lane.Vip);
        to.Text($"{Ipvs(lane)}{Address(lane.Vip, lane.Port)} {lane.Proto}{(lane.Claims.Count > 1 ? $", claimed by {lane.Claims.Count} Services" : "")}");
        // Stale bands are stacked on top, where they are visible; the others in order of appearance, as in a rollout.
        var backends = Shown(lane)
            .OrderBy(backend => backend.Stale.Any(value => value > 0)).ThenBy(backend => Array.FindIndex(backend.Entries, value => value > 0)).ToList();
        to.Varint((uint)backends.Count);
        foreach (var backend in backends)
        {
            to.Text(backend.BackendIp);
            to.Text(backend.Pod is { } pod ? pod[(pod.IndexOf('/', StringComparison.Ordinal) + 1)..] : Address(backend.BackendIp, backend.Port));
            to.U8((byte)backend.StateNow);
            Series(to, backend.Entries, columns);
            Series(to, backend.Stale, columns);
            Series(to, backend.Closing, columns);
        }
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
    private static void Series(BinaryBufferWriter to, int[] values, int columns)
    {
        for (int i = 0; i < columns;)
        {
            int value = At(i), end = i + 1;
            while (end < columns && At(end) == value)
                end++;
            to.Varint(Varint.ZigZag(value));
            to.Varint((uint)(end - i));
            i = end;
        }

        int At(int i) => i < values.Length ? values[i] : -1;
    }
}
