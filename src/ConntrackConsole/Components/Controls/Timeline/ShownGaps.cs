using ConntrackConsole.Components.State;
using ConntrackConsole.Components.Text;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Components.Controls.Timeline;

/// <summary>
/// The gaps of a view as pages show them. When many nodes are silent, thousands of gaps would be drawn over each other, and differ in each
/// view: then those of a kind that touch are one, with the number of nodes. No column without data becomes one with data, or the other way round.
/// </summary>
internal static class ShownGaps
{
    /// <summary>The rows of the gap lane (wwwroot/js/lanes.js) on a wide screen: gaps of more nodes are merged.</summary>
    public const int MaxNodes = 6;

    private const int NamedNodes = 3;

    private static readonly SharedByView<bool, IReadOnlyList<GapSpan>> Shown = new((view, _) => Merge(view.Gaps, view.StepMs));

    /// <summary>Ordered by their beginning.</summary>
    public static IReadOnlyList<GapSpan> Of(TimelineView view) => Shown.Of(view, true);

    private static IReadOnlyList<GapSpan> Merge(IReadOnlyList<GapSpan> gaps, long stepMs)
    {
        if (!IsMany(gaps))
            return [.. gaps.OrderBy(gap => gap.FromMs)];
        // Those of the console itself are few, and their text has what the kind does not.
        List<GapSpan> merged = [.. gaps.Where(gap => gap.Node is null)];
        foreach (var kind in gaps.Where(gap => gap.Node is not null).GroupBy(gap => gap.Kind))
        {
            var touching = new List<GapSpan>();
            long toMs = 0;
            foreach (var gap in kind.OrderBy(gap => gap.FromMs))
            {
                if (touching.Count > 0 && gap.FromMs - toMs >= stepMs)
                    Close(touching);
                toMs = touching.Count == 0 ? gap.ToMs : Math.Max(toMs, gap.ToMs);
                touching.Add(gap);
            }

            Close(touching);
        }

        return [.. merged.OrderBy(gap => gap.FromMs)];

        void Close(List<GapSpan> touching)
        {
            merged.Add(touching.Count == 1 ? touching[0] : One(touching));
            touching.Clear();
        }
    }

    private static bool IsMany(IReadOnlyList<GapSpan> gaps)
    {
        var nodes = new HashSet<string>(StringComparer.Ordinal);
        foreach (var gap in gaps)
        {
            if (nodes.Add(gap.Node ?? "") && nodes.Count > MaxNodes)
                return true;
        }

        return false;
    }

    private static GapSpan One(List<GapSpan> gaps)
    {
        var nodes = gaps.Select(gap => gap.Node!).ToHashSet(StringComparer.Ordinal);
        string[] first = [.. nodes.Order(StringComparer.Ordinal).Take(NamedNodes)];
        string which = nodes.Count == 1 ? first[0] : $"{DisplayText.Count(nodes.Count, "node")} ({TextSummary.List(first, nodes.Count, NamedNodes)})";
        return new GapSpan(nodes.Count == 1 ? gaps[0].Node : DisplayText.Count(nodes.Count, "node"), gaps[0].Kind, gaps[0].FromMs, gaps.Max(gap => gap.ToMs), $"{which}: {Cause(gaps[0].Kind)}.");
    }

    private static string Cause(GapKind kind) => kind switch
    {
        GapKind.EventsLost => "the kernel dropped events; the table was read again",
        GapKind.ResetsLost => "reset records were overwritten before they were read",
        GapKind.FramesDropped => "items were dropped on the way",
        GapKind.SequenceJump => "frames are missing",
        GapKind.Silent => "no frames",
        GapKind.ResetsTruncated => "more resets than are listed individually; the counts are complete",
        GapKind.DumpOnly => "the table was read every few seconds instead of events",
        GapKind.Started => "the collector started; the time before is unknown",
        _ => "not fully known",
    };
}
