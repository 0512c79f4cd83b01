using System.Globalization;
using System.Net;
using System.Text;

namespace ConntrackConsole.Incidents.Export;

/// <summary>
/// The timeline of an incident as one SVG element for an HTML page: terminating pods, entries, stale entries, resets, what happened, and gaps. Its
/// colours are classes of the page. All texts are encoded, and it has no script, link or foreign content.
/// </summary>
internal static class TimelineSvg
{
    private const int Width = 960, Left = 110, Right = 10, LaneHeight = 70, PodHeight = 14, MaxPods = 25, AxisHeight = 24, MarkHeight = 26;
    private const int Plot = Width - Left - Right;

    // Steps of the axis, in milliseconds: about eight labels.
    private static readonly long[] Steps = [1_000, 5_000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000, 3_600_000, 10_800_000];

    public static string Of(ExportTimeline timeline, IReadOnlyList<ExportEvent> events)
    {
        ArgumentNullException.ThrowIfNull(timeline);
        ArgumentNullException.ThrowIfNull(events);
        var body = new StringBuilder();
        var pods = timeline.Pods.Take(MaxPods).ToList();
        int y = AxisHeight;
        foreach (var pod in pods)
        {
            double from = X(timeline, pod.FromMs), to = Math.Max(from + 2, X(timeline, pod.ToMs));
            Append(body, $"""<text class="name" x="{Left - 6}" y="{y + PodHeight - 3}" text-anchor="end">{Encode(Short(pod.Name))}</text><rect class="pod" x="{from:0.#}" y="{y + 2}" width="{to - from:0.#}" height="{PodHeight - 4}"><title>{Encode(pod.Name)}</title></rect>""");
            y += PodHeight;
        }

        if (timeline.Pods.Count > pods.Count)
        {
            Append(body, $"""<text class="name" x="{Left}" y="{y + PodHeight - 3}">and {timeline.Pods.Count - pods.Count} more pods</text>""");
            y += PodHeight;
        }

        y = Lane(body, timeline, "entries", "Entries", timeline.Entries, y + 8);
        y = Lane(body, timeline, "stale", "Stale entries", timeline.Stale, y);
        y = Lane(body, timeline, "resets", "Resets", timeline.Resets, y);
        Marks(body, timeline, events, y);
        int height = y + MarkHeight + 4;
        foreach (var gap in timeline.Gaps)
        {
            double from = X(timeline, gap.FromMs), to = X(timeline, gap.ToMs);
            if (to > from)
                Append(body, $"""<rect class="gap" x="{from:0.#}" y="{AxisHeight}" width="{to - from:0.#}" height="{y - AxisHeight}"><title>{Encode(gap.Name)}</title></rect>""");
        }

        Axis(body, timeline, height);
        string summary = string.Create(CultureInfo.InvariantCulture, $"{timeline.Pods.Count} terminating pods, at most {Max(timeline.Entries)} entries, {Max(timeline.Stale)} of them stale, {timeline.Resets.Sum(one => Math.Max(0, one))} resets, {timeline.Gaps.Count} gaps in the data. The table has what happened.");
        return string.Create(CultureInfo.InvariantCulture, $"""
            <svg class="timeline" viewBox="0 0 {Width} {height}" role="img" aria-labelledby="timeline-title timeline-text">
            <title id="timeline-title">Timeline</title><desc id="timeline-text">{Encode(summary)}</desc>
            <defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><line class="hatch" x1="0" y1="0" x2="0" y2="6" /></pattern></defs>
            {body}</svg>
            """);
    }

    private static int Lane(StringBuilder body, ExportTimeline timeline, string style, string name, IReadOnlyList<int> values, int y)
    {
        int max = Math.Max(1, Max(values));
        double step = Plot / (double)Math.Max(1, values.Count);
        int bottom = y + LaneHeight - 10;
        Append(body, $"""<text class="name" x="{Left - 6}" y="{y + 12}" text-anchor="end">{name}</text><text class="scale" x="{Left - 6}" y="{y + 28}" text-anchor="end">max {Max(values)}</text><line class="base" x1="{Left}" y1="{bottom}" x2="{Width - Right}" y2="{bottom}" />""");
        var path = new StringBuilder();
        for (int i = 0; i < values.Count; i++)
        {
            if (values[i] <= 0)
                continue;
            double tall = Math.Max(1, (LaneHeight - 14) * (values[i] / (double)max));
            path.Append(CultureInfo.InvariantCulture, $"M{Left + (i * step):0.##} {bottom}v{-tall:0.##}h{step:0.##}v{tall:0.##}z");
        }

        if (path.Length > 0)
            Append(body, $"""<path class="{style}" d="{path}" />""");
        // Unknown is not zero.
        for (int i = 0; i < values.Count; i++)
        {
            int from = i;
            while (i < values.Count && values[i] < 0)
                i++;
            if (i > from)
                Append(body, $"""<rect class="gap" x="{Left + (from * step):0.##}" y="{y}" width="{(i - from) * step:0.##}" height="{LaneHeight - 10}"><title>unknown</title></rect>""");
        }

        return y + LaneHeight;
    }

    private static void Marks(StringBuilder body, ExportTimeline timeline, IReadOnlyList<ExportEvent> events, int y)
    {
        Append(body, $"""<text class="name" x="{Left - 6}" y="{y + 16}" text-anchor="end">Events</text>""");
        foreach (var happened in events.Where(one => one.Kind is not "termination" && one.AtMs >= timeline.FromMs && one.AtMs <= timeline.ToMs))
        {
            double x = X(timeline, happened.AtMs);
            // A shape for each kind, because colours alone do not reach everyone.
            string shape = happened.Kind switch
            {
                "finding" or "finding ended" => Text($"M{x:0.#} {y + 4}l7 14h-14z"),
                "action" => Text($"M{x - 6:0.#} {y + 6}h12v12h-12z"),
                "rollout" => Text($"M{x:0.#} {y + 4}l7 7l-7 7l-7 -7z"),
                _ => Text($"M{x - 6:0.#} {y + 12}a6 6 0 1 0 12 0a6 6 0 1 0 -12 0"),
            };
            Append(body, $"""<path class="mark {(happened.Kind.StartsWith("finding", StringComparison.Ordinal) ? "finding" : happened.Kind)}" d="{shape}"><title>{Encode($"{ExportText.Clock(happened.AtMs)}: {happened.Title}")}</title></path>""");
        }
    }

    private static void Axis(StringBuilder body, ExportTimeline timeline, int height)
    {
        long length = Math.Max(1, timeline.ToMs - timeline.FromMs);
        long step = Steps.FirstOrDefault(one => length / one <= 8, Steps[^1]);
        string form = step < 60_000 ? "HH:mm:ss" : "HH:mm";
        for (long at = ((timeline.FromMs + step - 1) / step) * step; at <= timeline.ToMs; at += step)
        {
            double x = X(timeline, at);
            Append(body, $"""<line class="grid" x1="{x:0.#}" y1="{AxisHeight - 6}" x2="{x:0.#}" y2="{height}" /><text class="scale" x="{x:0.#}" y="12" text-anchor="middle">{DateTimeOffset.FromUnixTimeMilliseconds(at).ToString(form, CultureInfo.InvariantCulture)}</text>""");
        }
    }

    private static double X(ExportTimeline timeline, long atMs) =>
        Left + (Plot * Math.Clamp((atMs - timeline.FromMs) / (double)Math.Max(1, timeline.ToMs - timeline.FromMs), 0, 1));

    private static int Max(IReadOnlyList<int> values) => values.Count == 0 ? 0 : Math.Max(0, values.Max());

    private static string Short(string name) => name.Length <= 16 ? name : "…" + name[^15..];

    private static string Encode(string text) => WebUtility.HtmlEncode(text);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static void Append(StringBuilder body, FormattableString text) => body.Append(text.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
