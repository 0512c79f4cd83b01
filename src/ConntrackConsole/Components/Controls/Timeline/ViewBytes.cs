using System.Buffers;
using ConntrackConsole.Components.State;
using ConntrackConsole.Components.Text;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Timeline.Query;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Components.Controls.Timeline;

/// <summary>
/// A view as the canvas reads it (wwwroot/js/view.js): one array of bytes, little-endian, lengths as varints, counts as
/// runs of equal values (counts of connections mostly stand still, so a lane of 900 columns is some tens of bytes).
/// </summary>
internal static class ViewBytes
{
    // A day of a large cluster has thousands of ends: the canvas has room for the ones that matter, the table for more.
    public const int MaxTerminations = 300;
    public const int MaxRollouts = 100;

    private const uint Magic = 0x32565443;

    public static byte[] Write(TimelineView view, IReadOnlyList<ServiceLane> lanes, bool live, string? rolloutId = null)
    {
        // Nobody has ever told us of this range: that is not "no resets".
        bool deaf = !view.HasRecords();
        var bytes = new ArrayBufferWriter<byte>(16 * 1024);
        var to = new BinaryBufferWriter(bytes);
        to.U32(Magic);
        to.F64(view.FromMs);
        to.F64(view.StepMs);
        to.F64(view.NowMs);
        to.Varint((uint)view.Columns);
        to.U8((byte)((live ? 1 : 0) | (deaf ? 2 : 0)));
        to.Varint((uint)(view.Services.Count - lanes.Count));
        to.Varint((uint)lanes.Count);
        foreach (var lane in lanes)
            WriteLane(to, lane, view.Columns);
        var rollouts = Rollouts(view, rolloutId);
        to.Varint((uint)(view.Rollouts.Count - rollouts.Count));
        to.Varint((uint)rollouts.Count);
        foreach (var rollout in rollouts)
            WriteRollout(to, rollout);
        var places = rollouts.Select((rollout, index) => (rollout.Id, index)).ToDictionary(pair => pair.Id, pair => pair.index + 1);
        var ends = Terminations(view, rolloutId);
        to.Varint((uint)(view.Terminations.Count - ends.Count));
        to.Varint((uint)ends.Count);
        foreach (var span in ends)
            WriteTermination(to, span, span.Told?.RolloutId is { } id ? places.GetValueOrDefault(id) : 0);
        Series(to, deaf ? [] : view.Resets.UnNated, view.Columns);
        Series(to, deaf ? [] : view.Resets.FromBackend, view.Columns);
        Series(to, deaf ? [] : view.Resets.Other, view.Columns);
        to.Varint((uint)view.Gaps.Count);
        foreach (var gap in view.Gaps)
        {
            to.Text(gap.Node ?? "");
            to.U8((byte)gap.Kind);
            to.Text(gap.Text);
            to.F64(gap.FromMs);
            to.F64(gap.ToMs);
        }

        return bytes.WrittenSpan.ToArray();
    }

    private static void WriteLane(BinaryBufferWriter to, ServiceLane lane, int columns)
    {
        to.Text($"{lane.Proto} {lane.Vip} {lane.Port}");
        to.Text(lane.Name.Length > 0 ? lane.Name : lane.Vip);
        to.Text($"{Address(lane.Vip, lane.Port)} {lane.Proto}");
        // Stale bands stand on top of the stack, where they are seen; the rest in the order of their coming, as a rollout goes.
        var backends = lane.Backends
            .OrderBy(backend => backend.Stale.Any(value => value > 0)).ThenBy(backend => Array.FindIndex(backend.Entries, value => value > 0)).ToList();
        to.Varint((uint)backends.Count);
        foreach (var backend in backends)
        {
            to.Text(backend.BackendIp);
            to.Text(backend.Pod is { } pod ? pod[(pod.IndexOf('/', StringComparison.Ordinal) + 1)..] : Address(backend.BackendIp, backend.Port));
            to.U8((byte)backend.StateNow);
            Series(to, backend.Entries, columns);
            Series(to, backend.Stale, columns);
            Series(to, backend.LeftoverNamespaces, columns);
        }
    }

    // The chosen one, those under way, then the newest.
    private static List<Rollout> Rollouts(TimelineView view, string? chosen) =>
    [
        .. view.Rollouts.OrderByDescending(rollout => rollout.Id == chosen).ThenByDescending(rollout => rollout.IsOpen).ThenByDescending(rollout => rollout.StartedMs)
            .DistinctBy(rollout => rollout.Id).Take(MaxRollouts).OrderBy(rollout => rollout.StartedMs),
    ];

    private static List<TerminationSpan> Terminations(TimelineView view, string? rolloutId) =>
        view.Terminations.Count <= MaxTerminations ? [.. view.Terminations] :
        [
            .. view.Terminations.OrderByDescending(span => span.StaleEntries > 0).ThenByDescending(span => rolloutId is not null && span.Told?.RolloutId == rolloutId)
                .ThenByDescending(span => span.DeletedMs is null).ThenByDescending(span => span.DeletionRequestedMs).Take(MaxTerminations),
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

    /// <param name="rollout">The place of its rollout in the list, from 1; 0 where it belongs to none.</param>
    private static void WriteTermination(BinaryBufferWriter to, TerminationSpan span, int rollout)
    {
        to.Text(span.Uid);
        to.Text(span.Pod);
        to.Text(span.PodIp);
        to.Text(span.Node);
        to.Text(DisplayText.Letter(span.Told?.Cause ?? TerminationCause.Unknown));
        to.Text(DisplayText.Name(span.Told?.Cause ?? TerminationCause.Unknown));
        to.Varint((uint)rollout);
        foreach (var phase in TerminationPhases.All)
            to.F64(span.At(phase) ?? double.NaN);
        to.F64(span.Told?.GraceSeconds is { } grace and > 0 ? span.DeletionRequestedMs + (grace * 1000L) : double.NaN);
        to.U8((byte)ContainerEnds.Of(span));
        to.Text(ContainerEnds.Words(span));
        to.Varint((uint)Math.Max(0, span.StaleEntries));
    }

    public static string Address(string ip, int port) => ip.Contains(':', StringComparison.Ordinal) ? $"[{ip}]:{port}" : $"{ip}:{port}";

    /// <summary>Pairs (value, run): values zigzag-coded, because unknown is −1. A short array reads as unknown at its end.</summary>
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
