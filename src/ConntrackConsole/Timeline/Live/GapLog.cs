using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Live;

/// <summary>Intervals in which data was lost, with a description. The newest <see cref="Max"/> are kept.</summary>
internal sealed class GapLog
{
    public const int Max = 2_000;

    private readonly LinkedList<(GapSpan Span, bool FromFrames)> _spans = new();
    private GapSpan[]? _snapshot;

    public IReadOnlyList<GapSpan> Spans => _snapshot ??= [.. _spans.Select(s => s.Span)];

    /// <summary>The gaps that the console itself recorded.</summary>
    public IEnumerable<GapSpan> OwnSpans => _spans.Where(s => !s.FromFrames).Select(s => s.Span);

    /// <summary>A gap that a node's frames report, or that lies between them.</summary>
    public void Add(string? node, GapKind kind, long fromMs, long toMs, uint lost) => Add(Span(node, kind, fromMs, toMs, lost), true);

    /// <summary>A gap that the console itself recorded.</summary>
    public void Add(GapSpan span) => Add(span, false);

    /// <summary>Replaces the gaps from a node's frames after more of them have arrived.</summary>
    public void Replace(string node, IEnumerable<GapSpan> spans)
    {
        _snapshot = null;
        for (var at = _spans.First; at is not null;)
        {
            var next = at.Next;
            if (at.Value.FromFrames && at.Value.Span.Node == node)
                _spans.Remove(at);
            at = next;
        }

        foreach (var span in spans)
            Add(span, true);
    }

    public static GapSpan Span(string? node, GapKind kind, long fromMs, long toMs, uint lost) =>
        new(node, kind, fromMs, Math.Max(fromMs, toMs), Text(node, kind, toMs - fromMs, lost));

    private void Add(GapSpan span, bool fromFrames)
    {
        _snapshot = null;
        _spans.AddLast((span, fromFrames));
        if (_spans.Count > Max)
            _spans.RemoveFirst();
    }

    public static string Text(string? node, GapKind kind, long lengthMs, uint lost)
    {
        string seconds = $"{Math.Max(0, lengthMs) / 1000.0:0.#} s";
        string items = lost > 0 ? lost.ToString() : "an unknown number of";
        return kind switch
        {
            GapKind.EventsLost => $"{node}: the kernel dropped {items} events; the table was read again.",
            GapKind.ResetsLost => $"{node}: {items} reset records were overwritten before they were read.",
            GapKind.FramesDropped => $"{node}: {items} items were dropped on the way.",
            GapKind.SequenceJump => $"{node}: {items} frames are missing ({seconds}).",
            GapKind.Silent => $"{node}: no frames for {seconds}.",
            GapKind.ResetsTruncated => $"{node}: more resets than are listed individually; the counts are complete.",
            GapKind.DumpOnly => $"{node}: events exceeded the configured rate (or are disabled); the table was read every few seconds instead.",
            GapKind.Started => $"{node}: the collector started; the time before is unknown.",
            _ => $"{node}: not fully known.",
        };
    }
}
